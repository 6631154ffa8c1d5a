// The session cookie as it comes and goes: its value to whoever knows sessions, their `Set-Cookie` lines back.

import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Answered } from '../people/auth.ts';
import type { SignedIn } from '../people/context.ts';
import type { Visitor } from '../people/visitor.ts';
import { clientAddress } from './client-address.ts';
import type { HttpDependencies, HttpEnvironment } from './environment.ts';

type Ctx = Context<HttpEnvironment>;
/** A longer one is none of ours. */
const COOKIE_MAX_CHARACTERS = 500;

export function visitorOf(c: Ctx, { hub, people }: Pick<HttpDependencies, 'hub' | 'people'>): Visitor {
  const cookie = getCookie(c, people.cookieName);
  return {
    address: clientAddress(c, hub.baseUrl),
    userAgent: c.req.header('user-agent') ?? null,
    cookie: cookie !== undefined && cookie.length <= COOKIE_MAX_CHARACTERS ? encodeURIComponent(cookie) : undefined,
  };
}

/** Who is signed in in this browser, or null. */
export async function readSession(c: Ctx, dependencies: HttpDependencies): Promise<SignedIn | null> {
  const { value, cookies } = await dependencies.people.session(visitorOf(c, dependencies));
  setCookies(c, cookies);
  return value;
}

/** Passes the cookies of an answer on; answers what was answered. */
export function answered<T>(c: Ctx, { value, cookies }: Answered<T>): T {
  setCookies(c, cookies);
  return value;
}

export function setCookies(c: Ctx, cookies: readonly string[]): void {
  for (const line of cookies) c.header('set-cookie', line, { append: true });
}
