// Who gave a shared connection its credential, and when it is renewed next.

import { REFRESH_AHEAD_MS } from '../limits.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { HubContext } from './context.ts';

export type Consent = {
  /** As the audit log says it; null where that line is gone. */
  readonly by: string | null;
  readonly at: number;
  readonly nextRefreshAt: number | null;
  readonly refreshFailures: number;
  readonly issuer: string | null;
  readonly registration: string | null;
};

/** Lines of the audit log of one connector that are looked through; a refresh writes one too. */
const LINES = 50;

/** null where there is no shared credential. */
export async function consentOf(context: HubContext, connector: ConnectorRecord): Promise<Consent | null> {
  const { store } = context;
  const held = await store.credentials.find(connector.id, null, 'active');
  if (held === null) return null;
  const filter = { connectorId: connector.id, action: 'credential.stored' };
  const lines = await store.audit.list(filter, { limit: LINES });
  const line = lines.items.find(({ credentialId }) => credentialId === held.id);
  const refreshes = held.refreshable && held.expiresAt !== null && held.state !== 'reauthorization_required';
  return {
    by: line?.actor ?? null,
    at: held.setAt,
    nextRefreshAt: refreshes ? Math.max((held.expiresAt ?? 0) - REFRESH_AHEAD_MS, held.refreshAfter ?? 0) : null,
    refreshFailures: held.refreshFailures,
    issuer: held.issuer,
    registration: held.registrationKind,
  };
}
