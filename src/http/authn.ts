// Who calls /api and what they may do, in one place: a person by their session's cookie, or a program by an API
// token or the configured admin token. Every route says which role it needs (`needs`); nothing else asks.

import type { Context, MiddlewareHandler } from 'hono';
import { ChatelaineError } from '../errors.ts';
import type { SignedIn } from '../people/context.ts';
import { covers, type Role, roleOfToken } from '../people/role.ts';
import { Secret } from '../secret.ts';
import type { HttpDependencies, HttpEnvironment } from './environment.ts';
import { readSession, visitorOf } from './session-cookie.ts';

/** `nobody`: without any sign-in; `anybody`: a person or a token, whatever the role. */
export type Need = Role | 'nobody' | 'anybody';

const BEHIND: Readonly<Record<Need, Role | null>> = {
  nobody: null,
  anybody: 'viewer',
  viewer: 'viewer',
  operator: 'operator',
  owner: 'owner',
};

/** What a route is described with: who may call it, for the document and for the check itself. */
export function needs(need: Need) {
  return {
    'x-role': need,
    security: need === 'nobody' ? [] : [{ session: [] }, { apiToken: [] }],
    middleware: requireRole(need),
  };
}

function requireRole(need: Need): MiddlewareHandler<HttpEnvironment> {
  const wanted = BEHIND[need];
  return async (c, next) => {
    if (wanted === null) return next();
    const role = c.get('role');
    if (role === null) throw unauthorized(c);
    if (!covers(role, wanted))
      throw new ChatelaineError('forbidden', `This needs the role ${wanted}; yours is ${role}. Ask an owner.`);
    return next();
  };
}

/** Sets `actor`, `role` and `me`. @throws unauthorized for a wrong token, forbidden */
export function authenticate(dependencies: HttpDependencies): MiddlewareHandler<HttpEnvironment> {
  return async (c, next) => {
    const header = c.req.header('authorization');
    if (header !== undefined) await byToken(c, header, dependencies);
    else await bySession(c, dependencies);
    return next();
  };
}

/** Asks again whether whoever made this call still may: a stream outlives what was true when it began. */
export function stillCalls(c: Context<HttpEnvironment>, { hub, people }: HttpDependencies): () => Promise<boolean> {
  const me = c.get('me');
  if (me !== null) {
    const visitor = visitorOf(c, { hub, people });
    return async () => (await people.session(visitor)).value?.sessionId === me.sessionId;
  }
  if (c.get('actor').name === 'admin') return async () => true;
  const presented = new Secret(c.req.header('authorization')?.replace(/^Bearer +/i, '') ?? '');
  return async () => (await hub.apiTokens.find(presented)) !== null;
}

/** The person behind this call. @throws forbidden for a token, which has no sessions, name or password */
export function meOf(c: Context<HttpEnvironment>): SignedIn {
  const me = c.get('me');
  if (me !== null) return me;
  throw new ChatelaineError('forbidden', 'This is for people who are signed in, not for tokens.');
}

async function byToken(
  c: Context<HttpEnvironment>,
  header: string,
  { hub, adminToken }: HttpDependencies,
): Promise<void> {
  const match = /^Bearer +([\x21-\x7e]+)$/i.exec(header);
  if (match === null) throw unauthorized(c);
  const presented = new Secret(match[1] ?? '');
  c.set('me', null);
  if (adminToken?.equals(presented)) {
    c.set('actor', { name: 'admin' });
    c.set('role', 'owner');
    return;
  }
  const token = await hub.apiTokens.find(presented);
  if (token === null) throw new ChatelaineError('unauthorized', 'This API token is unknown, expired or was revoked.');
  c.set('actor', { name: `token:${token.id}` });
  c.set('role', roleOfToken(token.role));
}

async function bySession(c: Context<HttpEnvironment>, dependencies: HttpDependencies): Promise<void> {
  const me = await readSession(c, dependencies);
  c.set('me', me);
  c.set('role', me?.role ?? null);
  c.set('actor', { name: me === null ? 'nobody' : `person:${me.personId}` });
  if (me !== null && !isRead(c.req.method)) checkOwnPage(c);
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/**
 * A cookie comes along by itself, so a change must also come from a page of this hub. A foreign `Origin` was
 * refused before; here one of the two headers that only the browser sets must be there at all.
 */
function checkOwnPage(c: Context<HttpEnvironment>): void {
  const site = c.req.header('sec-fetch-site');
  if (site === undefined ? c.req.header('origin') !== undefined : site === 'same-origin') return;
  throw new ChatelaineError('forbidden', 'A change with a session must come from a page of this hub.');
}

function unauthorized(c: Context<HttpEnvironment>): ChatelaineError {
  return new ChatelaineError(
    'unauthorized',
    c.req.header('authorization') === undefined
      ? 'Sign in, or send Authorization: Bearer with an API token; `chatelaine tokens create` makes one.'
      : 'Send Authorization: Bearer with an API token; `chatelaine tokens create` makes one.',
  );
}
