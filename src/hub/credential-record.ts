// A credential as it is when it is new: nothing refreshed, nothing failed.

import type { CredentialRecord } from '../store/records.ts';

type Given = Pick<CredentialRecord, 'id' | 'connectorId' | 'agentId' | 'slot' | 'kind' | 'sealed'> &
  Partial<
    Pick<
      CredentialRecord,
      'issuer' | 'resource' | 'scope' | 'registrationKind' | 'registrationId' | 'expiresAt' | 'refreshable'
    >
  >;

export function newCredential(given: Given, now: number): CredentialRecord {
  return {
    issuer: null,
    resource: null,
    scope: null,
    registrationKind: null,
    registrationId: null,
    expiresAt: null,
    refreshable: false,
    ...given,
    generation: 1,
    state: 'ok',
    reason: null,
    stateAt: now,
    missingScope: null,
    setAt: now,
    refreshedAt: null,
    refreshFailures: 0,
    refreshAfter: null,
    refreshStartedAt: null,
  };
}

/** When a token that lives `expiresInSeconds` from now expires; null where the provider did not say. */
export function expiryOf(now: number, expiresInSeconds: number | null): number | null {
  return expiresInSeconds === null ? null : now + expiresInSeconds * 1000;
}
