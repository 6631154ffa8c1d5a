// What better-auth is told: where its tables are and how their columns are called, how long a session lives,
// what its cookie looks like. The tables themselves are made by a migration of the store.

import type { BetterAuthOptions } from 'better-auth';
import type { Log } from '../hub/context.ts';
import {
  PASSWORD_MAX_CHARACTERS,
  PASSWORD_MIN_CHARACTERS,
  SESSION_LIFETIME_SECONDS,
  SESSION_UPDATE_SECONDS,
} from '../limits.ts';
import type { Secret } from '../secret.ts';
import type { Store } from '../store/store.ts';

/** The header in which our routes tell better-auth the address of a caller; callers cannot set it. */
export const ADDRESS_HEADER = 'x-chatelaine-address';

export type AuthSettings = {
  readonly store: Pick<Store, 'dialect' | 'kysely'>;
  readonly baseUrl: string;
  readonly log: Log;
};

/** `__Host-` where the hub is reached by https: no other host, path or plain-text page can set it. */
export function sessionCookieName(baseUrl: string): string {
  return baseUrl.startsWith('https:') ? '__Host-chatelaine_session' : 'chatelaine_session';
}

/** Everything but its plugins. */
export function authOptions({ store, baseUrl, log }: AuthSettings, secret: Secret): BetterAuthOptions {
  const dates = { createdAt: 'created_at', updatedAt: 'updated_at' };
  const expires = { expiresAt: 'expires_at' };
  return {
    database: { db: store.kysely() as never, type: store.dialect },
    secret: secret.reveal(),
    baseURL: baseUrl,
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      // A wrong password is told to who typed it; here only what is wrong with the hub is of use.
      log: (level, message) => level === 'error' && log.error({ part: 'better-auth' }, message),
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: PASSWORD_MIN_CHARACTERS,
      maxPasswordLength: PASSWORD_MAX_CHARACTERS,
    },
    user: {
      modelName: 'auth_users',
      fields: { emailVerified: 'email_verified', ...dates },
      additionalFields: {
        role: { type: 'string', required: true, input: false },
        enabled: { type: 'boolean', required: true, input: false },
      },
    },
    session: {
      modelName: 'auth_sessions',
      fields: { userId: 'user_id', ipAddress: 'ip_address', userAgent: 'user_agent', ...expires, ...dates },
      expiresIn: SESSION_LIFETIME_SECONDS,
      updateAge: SESSION_UPDATE_SECONDS,
    },
    account: {
      modelName: 'auth_accounts',
      fields: {
        userId: 'user_id',
        accountId: 'account_id',
        providerId: 'provider_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        ...dates,
      },
    },
    verification: { modelName: 'auth_verifications', fields: { ...expires, ...dates } },
    advanced: {
      // Our own names and attributes: better-auth would add `__Secure-`, where `__Host-` is stricter.
      useSecureCookies: false,
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      cookies: {
        session_token: {
          name: sessionCookieName(baseUrl),
          attributes: { httpOnly: true, sameSite: 'lax', secure: baseUrl.startsWith('https:'), path: '/' },
        },
      },
    },
  };
}
