// The one place that calls better-auth. Its own HTTP handler is mounted nowhere: our routes call it as a library,
// so that every answer, refusal and limit is in the API's own form.

import type { Auth as BetterAuth } from 'better-auth';
import type { Secret } from '../secret.ts';
import { type AuthSettings, authOptions } from './auth-options.ts';
import type { Role } from './role.ts';

export const PASSWORD_PROVIDER = 'credential';

/** A person as the table has it. */
export type User = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** Whoever is behind the account has the address: an owner named it, or single sign-on vouched for it. */
  readonly emailVerified: boolean;
  readonly role: Role;
  readonly enabled: boolean;
  readonly createdAt: Date;
};

export type Session = {
  readonly id: string;
  readonly token: string;
  readonly userId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  readonly ipAddress?: string | null | undefined;
  readonly userAgent?: string | null | undefined;
};

/** What a browser that signed in gets: `Set-Cookie` lines. */
export type Answered<T> = { readonly value: T; readonly cookies: readonly string[] };

export type Auth = {
  readonly adapter: Awaited<BetterAuth['$context']>['adapter'];
  readonly internal: Awaited<BetterAuth['$context']>['internalAdapter'];
  readonly hashPassword: (password: string) => Promise<string>;
  /** Whether this is the password of this account; as slow for an account that does not exist. */
  readonly verifyPassword: (hash: string | null, password: string) => Promise<boolean>;
  readonly startSession: (userId: string, headers: Headers) => Promise<Answered<Session>>;
  readonly readSession: (headers: Headers) => Promise<Answered<{ session: Session; user: User } | null>>;
  readonly signOut: (headers: Headers) => Promise<Answered<null>>;
};

/** Loaded at the first use: commands that have nothing to do with people do not wait for it. */
export async function openAuth(settings: AuthSettings, secret: Secret): Promise<Auth> {
  const [{ betterAuth }, { createAuthEndpoint }, { setSessionCookie }] = await Promise.all([
    import('better-auth'),
    import('better-auth/api'),
    import('better-auth/cookies'),
  ]);
  const startSession = createAuthEndpoint.serverOnly({ method: 'POST' }, async (c) => {
    const { userId } = c.body as { userId: string };
    const user = await c.context.internalAdapter.findUserById(userId);
    if (user === null) throw new Error('a session was asked for nobody');
    const session = await c.context.internalAdapter.createSession(userId);
    await setSessionCookie(c, { session, user });
    return session;
  });
  const auth = betterAuth({
    ...authOptions(settings, secret),
    plugins: [{ id: 'chatelaine', endpoints: { startSession } }],
  });
  const start = auth.api.startSession as unknown as (call: object) => Promise<{ headers: Headers; response: Session }>;
  const context = (await auth.$context) as unknown as Awaited<BetterAuth['$context']>;
  const { hash, verify } = context.password;
  const nobody = await hash(crypto.randomUUID());
  return {
    adapter: context.adapter,
    internal: context.internalAdapter,
    hashPassword: hash,
    async verifyPassword(known, password) {
      const right = await verify({ hash: known ?? nobody, password });
      return right && known !== null;
    },
    async startSession(userId, headers) {
      const { headers: answer, response } = await start({ body: { userId }, headers, returnHeaders: true });
      return { value: response, cookies: answer.getSetCookie() };
    },
    async readSession(headers) {
      const { headers: answer, response } = await auth.api.getSession({ headers, returnHeaders: true });
      return { value: response as unknown as { session: Session; user: User } | null, cookies: answer.getSetCookie() };
    },
    async signOut(headers) {
      const { headers: answer } = await auth.api.signOut({ headers, returnHeaders: true });
      return { value: null, cookies: answer.getSetCookie() };
    },
  };
}
