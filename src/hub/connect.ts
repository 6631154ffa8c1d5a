// Connect: discovery and registration where needed, then a flow record and a one-time link. The verifier
// and everything the callback will need are written down now, so that no later change of metadata can
// send the code anywhere else.

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import { FLOW_LIFETIME_MS } from '../limits.ts';
import { createPkce } from '../oauth/pkce.ts';
import { resourceFor } from '../oauth/resource-indicator.ts';
import { selectScope } from '../oauth/scope.ts';
import type { AuthorizationServer } from '../oauth/types.ts';
import type { ConnectorRecord, FlowRecord } from '../store/records.ts';
import { hashToken, randomToken } from '../vault/hash.ts';
import { ownerOf } from './access-token.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import { browserRoutes } from './browser-routes.ts';
import type { HubContext } from './context.ts';
import { newId } from './ids.ts';
import type { ChosenClient } from './oauth-client.ts';
import { clientFor } from './oauth-client.ts';
import { DEFAULT_OAUTH_SETTINGS, discoverFor, hasManualEndpoints } from './oauth-discovery.ts';
import { checkReturnTo } from './return-to.ts';
import { sealFlow } from './sealed-values.ts';
import { createRecorder } from './transcript.ts';

export type ConnectRequest = { readonly agentId: string | null; readonly returnTo: string | null };

export type ConnectLink = { readonly connectUrl: string; readonly expiresAt: number };

/**
 * A one-time link, valid 10 minutes, that starts one authorization for one credential.
 *
 * @throws invalid_request where there is nothing to connect (not OAuth, or client credentials)
 * @throws oauth_not_supported, client_id_required, registration_failed … from discovery and registration
 */
export async function connect(
  context: HubContext,
  connector: ConnectorRecord,
  request: ConnectRequest,
  actor: Actor,
): Promise<ConnectLink> {
  if (connector.authType !== 'oauth') {
    throw new ChatelaineError(
      'invalid_request',
      `${connector.name} does not use OAuth (authType ${connector.authType}): enter its secret instead.`,
    );
  }
  const settings = connector.oauth ?? DEFAULT_OAUTH_SETTINGS;
  if (settings.grant === 'client_credentials') {
    throw new ChatelaineError(
      'invalid_request',
      `${connector.name} signs in by itself (client credentials): there is nothing to consent to.`,
    );
  }
  const agentId = ownerOf(connector, request.agentId);
  if (request.agentId !== null && (await context.store.agents.get(request.agentId)) === null) {
    throw new ChatelaineError('not_found', 'There is no such agent.', { details: { field: 'agentId' } });
  }
  const returnTo = checkReturnTo(context.baseUrl, request.returnTo);
  const recorder = createRecorder(context, 'connect');
  try {
    const { server, discovery } = await discoverFor(context, connector, recorder);
    const chosen = await clientFor(context, connector, server, recorder).catch((error: unknown) => {
      throw guessedInVain(connector, discovery.mode, error);
    });
    const now = context.now();
    const bind = chosen.stored.source === 'connector' && settings.clientIssuer !== server.issuer;
    await context.store.connectors.update(connector.id, {
      discovery,
      ...(bind ? { oauth: { ...settings, clientIssuer: server.issuer } } : {}),
    });
    const scope = await scopeFor(context, connector, agentId, server, discovery);
    const resource = resourceFor({
      policy: settings.resourcePolicy,
      prmResource: discovery.resource,
      serverUrl: connector.url,
      mode: discovery.mode,
    });
    recorder.note('authorization', `scope ${scope ?? '(left out)'}; resource ${resource ?? '(left out)'}`);
    const ticket = randomToken('', 32);
    const flow = await writeFlow(context, {
      connector,
      agentId,
      server,
      chosen,
      resource,
      scope,
      returnTo,
      ticketHash: await hashToken(ticket),
      startedBy: actor.name,
      restarts: 0,
    });
    await audit(context, actor, 'connect.started', {
      connectorId: connector.id,
      agentId,
      detail: { issuer: server.issuer, scope },
    });
    await context.store.connectors.update(connector.id, { updatedAt: now });
    return { connectUrl: `${context.baseUrl}${browserRoutes.connect(ticket.reveal())}`, expiresAt: flow.expiresAt };
  } finally {
    await recorder.save(connector.id, agentId);
  }
}

export type FlowInput = {
  readonly connector: ConnectorRecord;
  readonly agentId: string | null;
  readonly server: AuthorizationServer;
  readonly chosen: ChosenClient;
  readonly resource: string | null;
  readonly scope: string | null;
  readonly returnTo: string | null;
  readonly ticketHash: string;
  readonly startedBy: string;
  readonly restarts: number;
};

/** Writes the record of a flow with a fresh verifier. */
export async function writeFlow(context: HubContext, input: FlowInput): Promise<FlowRecord> {
  const now = context.now();
  const pkce = await createPkce();
  const binding = { id: newId('flw', now), issuer: input.server.issuer, resource: input.resource };
  const flow: FlowRecord = {
    ...binding,
    ticketHash: input.ticketHash,
    stateHash: null,
    browserHash: null,
    connectorId: input.connector.id,
    agentId: input.agentId,
    status: 'created',
    metadata: { ...input.server },
    redirectUri: context.redirectUri,
    scope: input.scope,
    registrationKind: input.chosen.kind,
    registrationId: input.chosen.registrationId,
    sealed: await sealFlow(
      context.vault,
      {
        verifier: pkce.verifier,
        codeChallenge: pkce.challenge,
        client: input.chosen.stored,
        serverUrl: input.connector.url,
      },
      binding,
    ),
    returnTo: input.returnTo,
    restarts: input.restarts,
    startedBy: input.startedBy,
    outcome: null,
    createdAt: now,
    expiresAt: now + FLOW_LIFETIME_MS,
  };
  await context.store.flows.insert(flow);
  return flow;
}

/** Default endpoints (2025-03-26) are a guess; where even the registration is not there, there is no OAuth. */
function guessedInVain(connector: ConnectorRecord, mode: string, error: unknown): unknown {
  const status = isChatelaineError(error, 'registration_failed') ? error.details.upstreamStatus : undefined;
  if (mode !== 'legacy_endpoints' || status === undefined || ![401, 403, 404, 405].includes(status)) return error;
  return new ChatelaineError(
    'oauth_not_supported',
    `${connector.name} publishes no OAuth metadata and has no registration at /register: it probably takes a bearer token or an API key. Change authType, or set oauth.clientId and the endpoints by hand.`,
    { cause: error },
  );
}

async function scopeFor(
  context: HubContext,
  connector: ConnectorRecord,
  agentId: string | null,
  server: AuthorizationServer,
  discovery: { readonly challengedScope: string | null; readonly scopesSupported: readonly string[] | null },
): Promise<string | null> {
  const settings = connector.oauth ?? DEFAULT_OAUTH_SETTINGS;
  const present = await context.store.credentials.find(connector.id, agentId, 'active');
  const stepUp = present !== null && present.state === 'needs_scope' && present.issuer === server.issuer;
  return selectScope({
    manual: settings.scope,
    challenged: discovery.challengedScope,
    scopesSupported: discovery.scopesSupported,
    allowList: settings.scopeAllowList,
    offlineAccess: settings.offlineAccess,
    serverScopes: hasManualEndpoints(settings) ? null : (server.scopes_supported ?? null),
    ...(stepUp ? { granted: present.scope, missing: present.missingScope } : {}),
  });
}
