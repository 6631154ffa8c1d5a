// Writes a new person: the record and, where there is one, the password.

import { ChatelaineError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { type Auth, PASSWORD_PROVIDER, type User } from './auth.ts';
import type { Role } from './role.ts';

export type NewPerson = { readonly name: string; readonly email: string; readonly role: Role };

/** @throws conflict when somebody has this address */
export async function checkEmailFree(auth: Auth, email: string): Promise<void> {
  if ((await auth.internal.findUserByEmail(email.toLowerCase())) === null) return;
  throw new ChatelaineError('conflict', 'Somebody with this e-mail address is known here already; sign in instead.', {
    details: { field: 'email' },
  });
}

export async function createPerson(auth: Auth, person: NewPerson, method: 'email-password' | 'oauth'): Promise<User> {
  const source =
    method === 'oauth' ? { method, oauth: { providerId: 'openid' } as never } : { method: method as never };
  return auth.internal.createUser<User & Record<string, unknown>>(
    { ...person, emailVerified: method === 'oauth', enabled: true },
    source as never,
  );
}

/** Sets or replaces the password. */
export async function setPassword(auth: Auth, userId: string, password: Secret): Promise<void> {
  const hash = await auth.hashPassword(password.reveal());
  const accounts = await auth.internal.findAccounts(userId);
  const known = accounts.find(({ providerId }) => providerId === PASSWORD_PROVIDER);
  if (known === undefined)
    await auth.internal.linkAccount({ userId, providerId: PASSWORD_PROVIDER, accountId: userId, password: hash });
  else await auth.internal.updateAccount(known.id, { password: hash });
}
