// Codes and links that work once: set-up codes, invitations, links to a new password, links that sign in. The database holds a
// hash of each and what it is for; taking one deletes it, so that of two takers one goes away empty-handed.

import type { Secret } from '../secret.ts';
import { hashToken } from '../vault/hash.ts';
import type { Auth } from './auth.ts';

export type OneTimeKind = 'setup' | 'invitation' | 'password' | 'sign_in';

/** What stands behind a code; `id` names it without giving it away. */
export type OneTime<T> = T & { readonly id: string; readonly createdAt: Date; readonly expiresAt: Date };

type Row = { id: string; identifier: string; value: string; createdAt: Date; expiresAt: Date };

const MODEL = 'verification';
const nameOf = async (kind: OneTimeKind, code: Secret): Promise<string> => `${kind}:${await hashToken(code)}`;
const read = <T>({ id, value, createdAt, expiresAt }: Row): OneTime<T> => ({
  ...(JSON.parse(value) as T),
  id,
  createdAt,
  expiresAt,
});

export async function keepOneTime(
  auth: Auth,
  kind: OneTimeKind,
  code: Secret,
  meaning: object,
  expiresAt: Date,
): Promise<{ id: string }> {
  const identifier = await nameOf(kind, code);
  return auth.internal.createVerificationValue({ identifier, value: JSON.stringify(meaning), expiresAt });
}

/** What this code is for, without using it up; null when it is unknown, used or expired. */
export async function lookAtOneTime<T>(
  auth: Auth,
  kind: OneTimeKind,
  code: Secret,
  now: number,
): Promise<OneTime<T> | null> {
  const row = await auth.adapter.findOne<Row>({
    model: MODEL,
    where: [{ field: 'identifier', value: await nameOf(kind, code) }],
  });
  return row === null || row.expiresAt.getTime() <= now ? null : read<T>(row);
}

/** Uses the code up; null when it is unknown, used or expired. */
export async function takeOneTime<T>(auth: Auth, kind: OneTimeKind, code: Secret): Promise<OneTime<T> | null> {
  const row = await auth.internal.consumeVerificationValue(await nameOf(kind, code));
  return row === null ? null : read<T>(row);
}

/** The open ones of one kind, in the order of their making. */
export async function listOneTimes<T>(auth: Auth, kind: OneTimeKind, now: number): Promise<readonly OneTime<T>[]> {
  const rows = await auth.adapter.findMany<Row>({
    model: MODEL,
    where: [
      { field: 'identifier', operator: 'starts_with', value: `${kind}:` },
      { field: 'expiresAt', operator: 'gt', value: new Date(now) },
    ],
    sortBy: { field: 'createdAt', direction: 'asc' },
    limit: 1_000,
  });
  return rows.map((row) => read<T>(row));
}

/** @returns whether there was one of this kind */
export async function dropOneTime(auth: Auth, kind: OneTimeKind, id: string): Promise<boolean> {
  const dropped = await auth.adapter.deleteMany({
    model: MODEL,
    where: [
      { field: 'id', value: id },
      { field: 'identifier', operator: 'starts_with', value: `${kind}:` },
    ],
  });
  return dropped > 0;
}

/** Whatever was made by this actor, or by a token of theirs: however many there are. */
export async function dropOneTimesMadeBy(auth: Auth, actor: string): Promise<void> {
  for (const field of ['createdBy', 'maker']) await dropWhere(auth, field, actor);
}

/** Every link to a new password and every link that signs in, for this user. */
export async function dropOneTimesFor(auth: Auth, userId: string): Promise<void> {
  await dropWhere(auth, 'userId', userId);
}

async function dropWhere(auth: Auth, field: string, named: string): Promise<void> {
  // As the JSON has it: what people typed has its quotes escaped there, and cannot look like this.
  const value = `"${field}":${JSON.stringify(named)}`;
  await auth.adapter.deleteMany({ model: MODEL, where: [{ field: 'value', operator: 'contains', value }] });
}

export async function dropOneTimesOf(auth: Auth, kind: OneTimeKind): Promise<void> {
  await auth.adapter.deleteMany({
    model: MODEL,
    where: [{ field: 'identifier', operator: 'starts_with', value: `${kind}:` }],
  });
}
