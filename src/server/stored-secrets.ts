// What the secrets of a database need: which keys they were encrypted with, and whether the keys at hand open them.
// Changes nothing, unlike `keys verify`, which marks what does not open.

import { SEALED_KINDS } from '../hub/keys.ts';
import type { SealedCell, SealedStore } from '../store/store.ts';
import { envelopeKeyId } from '../vault/envelope.ts';
import type { Keyring } from '../vault/keyring.ts';
import { verifyAll } from '../vault/rotate.ts';
import { createVault } from '../vault/seal.ts';

export type SecretsReport = {
  readonly count: number;
  /** Ids of the keys that they were encrypted with, sorted. */
  readonly keyIds: readonly string[];
  /** Those of them that are not at hand. */
  readonly missingKeyIds: readonly string[];
  /** `kind id` of each that does not open with the keys at hand. */
  readonly unreadable: readonly string[];
};

/** Opens every sealed value of the store, in its place. */
export async function readSecrets(sealed: Pick<SealedStore, 'batch'>, keyring: Keyring): Promise<SecretsReport> {
  const keyIds = new Set<string>();
  const unreadable: string[] = [];
  const report = await verifyAll<SealedCell>({
    cells: {
      async batch(kind, afterId, limit) {
        const cells = await sealed.batch(kind, afterId, limit);
        for (const { ciphertext } of cells) keyIds.add(envelopeKeyId(ciphertext) ?? '?');
        return cells;
      },
      replace: async () => false,
    },
    vault: createVault(keyring),
    kinds: SEALED_KINDS,
    onUnreadable: ({ kind, id }) => unreadable.push(`${kind} ${id}`),
  });
  return {
    count: report.reduce((total, { checked }) => total + checked, 0),
    keyIds: [...keyIds].sort(),
    missingKeyIds: [...keyIds].filter((id) => keyring.find(id) === null).sort(),
    unreadable,
  };
}
