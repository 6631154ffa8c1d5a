// A credential's state with its reason and time. Only the generation that was seen failing is marked: a
// newer one has not failed yet.

import type { CredentialRecord, CredentialState } from '../store/records.ts';
import type { HubContext } from './context.ts';

/** The reason of a credential whose ciphertext does not open; it goes again when the key is back. */
export const UNREADABLE = 'the stored secret does not open with the present encryption keys';

/** Answers whether it was marked; false when the credential has changed or gone meanwhile. */
export async function markCredential(
  context: HubContext,
  credential: CredentialRecord,
  state: CredentialState,
  reason: string | null,
  missingScope: string | null = null,
): Promise<boolean> {
  if (credential.state === state && credential.reason === reason && credential.missingScope === missingScope)
    return true;
  const marked = await context.store.credentials.update(credential.id, credential.generation, {
    state,
    reason,
    missingScope,
    stateAt: context.now(),
    refreshStartedAt: null,
  });
  context.credentialCache.forgetConnector(credential.connectorId);
  return marked;
}
