// A credential's state with its reason and time. Only the generation that was seen failing is marked: a
// newer one has not failed yet.

import type { CredentialRecord, CredentialState } from '../store/records.ts';
import type { HubContext } from './context.ts';

/** The reason of a credential whose ciphertext does not open; it goes again when the key is back. */
export const UNREADABLE = 'the stored secret does not open with the present encryption keys';

/** Reasons that the server alone gave. It may come to its senses: the authorization server has ended nothing. */
export const REFUSED_FRESH = 'the server refuses even a fresh access token (HTTP 401)';
export const REFUSED_UNRENEWABLE = 'the server refuses the access token and there is no refresh token';
/** Names the other one behind it, in brackets. */
export const MOVED = 'the server now names another authorization server';

/** Whether nobody but the server says that it ended, and what was refused may still be tried. */
export function isOnlyRefused({ state, reason }: Pick<CredentialRecord, 'state' | 'reason'>): boolean {
  return state === 'reauthorization_required' && (reason === REFUSED_FRESH || reason === REFUSED_UNRENEWABLE);
}

/** Whether it ended for good: by the authorization server's word, or because it does not open. */
export function hasEnded(credential: Pick<CredentialRecord, 'state' | 'reason'>): boolean {
  return credential.state === 'reauthorization_required' && !isOnlyRefused(credential);
}

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
