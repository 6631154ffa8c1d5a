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
  await promoteProven(context, pending);
  return context.store.credentials.find(active.connectorId, active.agentId, 'active');
}

/** Exactly the authorization that listed the tools takes over; one that came after it has proven nothing yet. */
export async function promoteProven(context: HubContext, pending: CredentialRecord): Promise<void> {
  await context.store.credentials.promote(pending.id);
  context.credentialCache.forgetConnector(pending.connectorId);
}
