// Writes a new person: the record and, where there is one, the password.

import { ChatelaineError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { type Auth, PASSWORD_PROVIDER, type User } from './auth.ts';
import type { Role } from './role.ts';

export type NewPerson = {
  readonly name: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly role: Role;
};

/** @throws conflict when somebody has this address */
export async function checkEmailFree(auth: Auth, email: string): Promise<void> {
  if ((await auth.internal.findUserByEmail(email.toLowerCase())) === null) return;
  throw new ChatelaineError('conflict', 'Somebody with this e-mail address is known here already; sign in instead.', {
    details: { field: 'email' },
  });
}

/** @throws conflict when somebody has this address by now */
export async function createPerson(auth: Auth, person: NewPerson, method: 'email-password' | 'oauth'): Promise<User> {
  const source =
    method === 'oauth' ? { method, oauth: { providerId: 'openid' } as never } : { method: method as never };
  try {
    return await auth.internal.createUser<User & Record<string, unknown>>(
      { ...person, enabled: true },
      source as never,
    );
  } catch (error) {
    // However it is worded by this database: of two who come at once with one address, one is late.
    await checkEmailFree(auth, person.email);
    throw error;
  }
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
