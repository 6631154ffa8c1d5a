// A new authorization waits beside the old one until it has listed the tools; then it takes its place.
// When the old one dies first, the waiting one serves at once.

import type { CredentialRecord } from '../store/records.ts';
import type { HubContext } from './context.ts';

/** The promoted successor of `active`, or null when none was waiting. */
export async function promotePending(
  context: HubContext,
  active: Pick<CredentialRecord, 'connectorId' | 'agentId'>,
): Promise<CredentialRecord | null> {
  const pending = await context.store.credentials.find(active.connectorId, active.agentId, 'pending');
  if (pending === null) return null;
  await context.store.credentials.promote(pending.id);
  context.credentialCache.forgetConnector(active.connectorId);
  return context.store.credentials.find(active.connectorId, active.agentId, 'active');
}
