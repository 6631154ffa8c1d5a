// The secret that signs session cookies: made once for each database, so that every process honours the
// cookies of every other, and kept sealed, so that a copy of the database alone makes nobody's cookie.

import { Secret } from '../secret.ts';
import type { Store } from '../store/store.ts';
import { randomToken } from '../vault/hash.ts';
import type { Vault } from '../vault/seal.ts';

const ROW = 'sign_in';
const CONTEXT = { kind: 'meta.sign_in', id: ROW };

/** @throws secret_unreadable, store_unavailable */
export async function signInSecret(store: Pick<Store, 'meta'>, vault: Vault): Promise<Secret> {
  const known = await store.meta.get(ROW);
  const standing = known ?? (await store.meta.setOnce(ROW, await vault.seal(randomToken('', 48), CONTEXT)));
  return new Secret((await vault.open(standing, CONTEXT)).reveal());
}
