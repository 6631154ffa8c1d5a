// A connector as callers see it: every state told apart (server, credential, catalogue), no secret.

import type { ConnectorRecord, CredentialRecord, RegistrationKind } from '../store/records.ts';
import { stateFor } from './agent-view.ts';
import type { HubContext } from './context.ts';

export type ConnectorView = ReturnType<typeof viewOf>;

/** Views of several connectors, in their order. */
export async function connectorViews(
  context: HubContext,
  connectors: readonly ConnectorRecord[],
): Promise<ConnectorView[]> {
  const counts = await context.store.tools.counts(connectors.map((connector) => connector.id));
  return Promise.all(
    connectors.map(async (connector) => {
      const held = await heldCredentials(context, connector);
      const registration = await registrationOf(context, connector, held.sample);
      return viewOf(connector, held, counts.get(connector.id) ?? 0, registration, context.now());
    }),
  );
}

/** `sample`: the shared credential, or one agent's where each has its own. */
type Held = { readonly sample: CredentialRecord | null; readonly pending: boolean; readonly agents: number };

async function heldCredentials(context: HubContext, connector: ConnectorRecord): Promise<Held> {
  const { credentials } = context.store;
  if (connector.credentialMode === null) return { sample: null, pending: false, agents: 0 };
  if (connector.credentialMode === 'per_agent') {
    const [sample] = await credentials.listOfAgents(connector.id, 1);
    return { sample: sample ?? null, pending: false, agents: await credentials.countOfAgents(connector.id) };
  }
  return {
    sample: await credentials.find(connector.id, null, 'active'),
    pending: (await credentials.find(connector.id, null, 'pending')) !== null,
    agents: 0,
  };
}

async function registrationOf(
  context: HubContext,
  connector: ConnectorRecord,
  used: CredentialRecord | null,
): Promise<RegistrationKind | null> {
  if (connector.authType !== 'oauth') return null;
  if (used !== null && used.registrationKind !== null) return used.registrationKind;
  if (connector.sealedClient !== null) return 'pre_registered';
  if (connector.discovery === null) return null;
  const known = await context.store.registrations.find(connector.discovery.issuer, context.redirectUri);
  return known === null ? null : 'dynamic';
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

function credentialView(connector: ConnectorRecord, held: Held, now: number) {
  if (connector.authType === 'none') return { ...emptyCredential, state: 'none' };
  if (connector.credentialMode === 'per_agent') {
    return { ...emptyCredential, configured: held.agents > 0, state: 'per_agent', agents: held.agents };
  }
  const shared = held.sample;
  const { state, reason } = stateFor({ ...connector, reachability: null }, shared, now);
  if (shared === null) return { ...emptyCredential, state, reason };
  return {
    configured: true,
    setAt: iso(shared.setAt),
    expiresAt: iso(shared.expiresAt),
    refreshedAt: iso(shared.refreshedAt),
    refreshable: shared.refreshable,
    scope: shared.scope,
    state,
    reason: reason ?? shared.reason,
    stateAt: iso(shared.stateAt),
    missingScope: shared.missingScope,
    pending: held.pending,
    agents: null,
  };
}

const emptyCredential = {
  configured: false,
  setAt: null as string | null,
  expiresAt: null as string | null,
  refreshedAt: null as string | null,
  refreshable: false,
  scope: null as string | null,
  state: 'none' as string,
  reason: null as string | null,
  stateAt: null as string | null,
  missingScope: null as string | null,
  pending: false,
  agents: null as number | null,
};

function oauthView(connector: ConnectorRecord, registration: RegistrationKind | null) {
  const settings = connector.oauth;
  if (settings === null) return null;
  return {
    grant: settings.grant,
    issuer: connector.discovery?.issuer ?? settings.issuer,
    resource: connector.discovery?.resource ?? null,
    discovery: connector.discovery?.mode ?? null,
    discoveredAt: iso(connector.discovery?.discoveredAt ?? null),
    scopesSupported: connector.discovery?.scopesSupported ?? null,
    registration,
    authorizationEndpoint: settings.authorizationEndpoint,
    tokenEndpoint: settings.tokenEndpoint,
    revocationEndpoint: settings.revocationEndpoint,
    pinnedIssuer: settings.issuer,
    clientConfigured: connector.sealedClient !== null,
    clientSetAt: iso(connector.clientSetAt),
    scope: settings.scope,
    scopeAllowList: settings.scopeAllowList,
    resourcePolicy: settings.resourcePolicy,
    tokenEndpointAuthMethod: settings.tokenEndpointAuthMethod,
    allowMissingPkce: settings.allowMissingPkce,
    allowLegacyDiscovery: settings.allowLegacyDiscovery,
    offlineAccess: settings.offlineAccess,
  };
}

function viewOf(
  connector: ConnectorRecord,
  held: Held,
  toolCount: number,
  registration: RegistrationKind | null,
  now: number,
) {
  return {
    id: connector.id,
    key: connector.key,
    name: connector.name,
    url: connector.url,
    authType: connector.authType,
    credentialMode: connector.credentialMode,
    headerName: connector.headerName,
    headerNames: connector.headerNames,
    credential: credentialView(connector, held, now),
    server: {
      reachable: connector.reachability?.reachable ?? null,
      checkedAt: iso(connector.reachability?.checkedAt ?? null),
      error:
        connector.reachability?.error === undefined || connector.reachability.error === null
          ? null
          : faultView(connector.reachability.error),
      name: connector.protocol?.serverName ?? null,
      version: connector.protocol?.serverVersion ?? null,
      protocolVersion: connector.protocol?.version ?? null,
      transport: connector.protocol?.transport ?? null,
    },
    tools: {
      count: toolCount,
      syncedAt: iso(connector.toolsSyncedAt),
      lastError: connector.toolsError === null ? null : faultView(connector.toolsError),
      nextSyncAt: iso(connector.syncDueAt),
    },
    toolReview: connector.toolReview,
    capture: connector.capture,
    limits: { ...connector.limits, breaker: connector.limits.breaker ?? true },
    oauth: oauthView(connector, registration),
    createdAt: new Date(connector.createdAt).toISOString(),
    updatedAt: new Date(connector.updatedAt).toISOString(),
  };
}

const faultView = (fault: { code: string; message: string; at: number }) => ({
  code: fault.code,
  message: fault.message,
  at: new Date(fault.at).toISOString(),
});
