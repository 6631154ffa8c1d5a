// Key rotation and proof over every secret column there is. A credential that does not open becomes
// "connect again"; nothing is deleted, so that bringing the right key back mends it.

import type { SealedCell, SealedKind } from '../store/store.ts';
import { type RotationReport, rotateAll, type VerificationReport, verifyAll } from '../vault/rotate.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import type { HubContext } from './context.ts';
import { markCredential, UNREADABLE } from './credential-state.ts';

/** Every secret column; the list that rotation and verification walk. */
export const SEALED_KINDS: readonly SealedKind[] = [
  'connector.headers',
  'connector.client',
  'registration.client',
  'flow.secrets',
  'credential.secret',
  'call.capture',
  'meta.canary',
  'meta.sign_in',
];

/** Re-encrypts everything under the first key. Can be stopped anywhere and run again. */
export async function rotateKeys(
  context: HubContext,
  actor: Actor,
  onProgress?: (kind: string, checked: number) => void,
): Promise<RotationReport> {
  const unreadable: SealedCell[] = [];
  const report = await rotateAll<SealedCell>({
    cells: context.store.sealed,
    vault: context.vault,
    kinds: SEALED_KINDS,
    onUnreadable: (cell) => unreadable.push(cell),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  await markAll(context, unreadable);
  await audit(context, actor, 'keys.rotated', { detail: { report } });
  return report;
}

/** Opens every ciphertext, or those of some kinds; marks the credentials that do not open. */
export async function verifyKeys(
  context: HubContext,
  kinds: readonly SealedKind[] = SEALED_KINDS,
): Promise<VerificationReport> {
  const unreadable: SealedCell[] = [];
  const report = await verifyAll<SealedCell>({
    cells: context.store.sealed,
    vault: context.vault,
    kinds,
    onUnreadable: (cell) => unreadable.push(cell),
  });
  await markAll(context, unreadable);
  return report;
}

async function markAll(context: HubContext, cells: readonly SealedCell[]): Promise<void> {
  for (const cell of cells) {
    if (cell.kind !== 'credential.secret') continue;
    const credential = await context.store.credentials.get(cell.id);
    // One that was written meanwhile is another secret.
    if (credential?.sealed === cell.ciphertext)
      await markCredential(context, credential, 'reauthorization_required', UNREADABLE);
  }
}
