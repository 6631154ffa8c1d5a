// A connector as callers see it: every state told apart (server, credential, catalogue), no secret.

import type { ConnectorRecord, RegistrationKind } from '../store/records.ts';
import type { CredentialFacts } from '../store/store.ts';
import { stateFor } from './agent-view.ts';
import { type ConnectorFacts, readFacts } from './connector-facts.ts';
import type { HubContext } from './context.ts';

export type ConnectorView = ReturnType<typeof viewOf>;

/** Views of several connectors, in their order. */
export async function connectorViews(
  context: HubContext,
  connectors: readonly ConnectorRecord[],
): Promise<ConnectorView[]> {
  const all = await readFacts(context, connectors);
  return Promise.all(
    all.map(async (facts) => {
      const held = heldCredentials(facts);
      const registration = await registrationOf(context, facts.connector, held.sample);
      return viewOf(facts.connector, held, facts.figures.tools, registration, context.now());
    }),
  );
}

/** `sample`: the shared credential, or one agent's where each has its own. */
type Held = { readonly sample: CredentialFacts | null; readonly pending: boolean; readonly agents: number };

function heldCredentials({ connector, figures, shared, pending, sample }: ConnectorFacts): Held {
  if (connector.credentialMode === null) return { sample: null, pending: false, agents: 0 };
  if (connector.credentialMode === 'per_agent') return { sample, pending: false, agents: figures.own };
  return { sample: shared, pending: pending !== null, agents: 0 };
}

async function registrationOf(
  context: HubContext,
  connector: ConnectorRecord,
  used: CredentialFacts | null,
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
