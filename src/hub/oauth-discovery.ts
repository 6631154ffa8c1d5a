// From a connector to its authorization server: hand-set endpoints, or the OAuth client's discovery with
// the store as its memory. What was found is remembered on the connector; metadata by its issuer.

import { ChatelaineError, isChatelaineError, isTransient, quoteForeign } from '../errors.ts';
import { AS_METADATA_DOUBT_MS, AS_METADATA_LIFETIME_MS, DISCOVERY_REUSE_MS } from '../limits.ts';
import { fetchAuthorizationServer } from '../oauth/authorization-server-metadata.ts';
import { discover, manualServer } from '../oauth/discovery.ts';
import type { AuthorizationServer, BearerChallenge } from '../oauth/types.ts';
import type { ConnectorRecord, DiscoveryRecord, OAuthSettings } from '../store/records.ts';
import { readChallenge } from './challenge-request.ts';
import type { HubContext } from './context.ts';
import type { Recorder } from './transcript.ts';

export const DEFAULT_OAUTH_SETTINGS: OAuthSettings = {
  grant: 'authorization_code',
  issuer: null,
  authorizationEndpoint: null,
  tokenEndpoint: null,
  revocationEndpoint: null,
  scope: null,
  scopeAllowList: null,
  resourcePolicy: 'auto',
  tokenEndpointAuthMethod: null,
  allowMissingPkce: false,
  allowLegacyDiscovery: true,
  offlineAccess: true,
  clientIssuer: null,
};

export type FoundServer = { readonly server: AuthorizationServer; readonly discovery: DiscoveryRecord };

/** Endpoints set by hand are complete: nothing is left to discover. */
export function hasManualEndpoints(settings: OAuthSettings): boolean {
  const machine = settings.grant === 'client_credentials';
  return settings.tokenEndpoint !== null && (machine || settings.authorizationEndpoint !== null);
}

function manual(connector: ConnectorRecord, settings: OAuthSettings, now: number): FoundServer {
  const server = manualServer({
    issuer: settings.issuer,
    authorizationEndpoint: settings.authorizationEndpoint,
    tokenEndpoint: settings.tokenEndpoint,
    revocationEndpoint: settings.revocationEndpoint,
    serverUrl: connector.url,
  });
  return {
    server,
    discovery: {
      mode: 'manual',
      issuer: server.issuer,
      resource: null,
      resourceMetadataUrl: null,
      scopesSupported: null,
      challengedScope: null,
      discoveredAt: now,
    },
  };
}

async function freshServer(context: HubContext, issuer: string): Promise<AuthorizationServer | null> {
  const known = await context.store.authorizationServers.get(issuer);
  // Default endpoints were a guess; metadata that is published since then replaces them at once.
  if (known === null || known.metadataUrl === null || known.expiresAt <= context.now()) return null;
  return known.metadata as AuthorizationServer;
}

/** Remembers validated metadata under its issuer. */
async function rememberServer(
  context: HubContext,
  server: AuthorizationServer,
  metadataUrl: string | null,
): Promise<void> {
  const now = context.now();
  await context.store.authorizationServers.put({
    issuer: server.issuer,
    metadata: { ...server },
    metadataUrl,
    fetchedAt: now,
    expiresAt: now + AS_METADATA_LIFETIME_MS,
  });
}

/**
 * The authorization server of a connector, found anew unless it was found a moment ago.
 * A `challenge` in hand spares the request that would provoke one.
 *
 * @throws oauth_not_supported, resource_mismatch, issuer_mismatch, pkce_not_supported, metadata_invalid
 *   and every fault of the network
 */
export async function discoverFor(
  context: HubContext,
  connector: ConnectorRecord,
  recorder: Recorder,
  given: {
    challenge?: BearerChallenge | null;
    preferredIssuers?: readonly string[];
    anew?: boolean;
    /** Only what the server itself names: no fallback of 2025-03-26. */
    namedOnly?: boolean;
  } = {},
): Promise<FoundServer> {
  const settings = connector.oauth ?? DEFAULT_OAUTH_SETTINGS;
  const now = context.now();
  if (hasManualEndpoints(settings)) return manual(connector, settings, now);

  const last = connector.discovery;
  const reusable =
    given.anew !== true &&
    given.challenge === undefined &&
    last !== null &&
    last.discoveredAt + DISCOVERY_REUSE_MS > now;
  if (reusable) {
    const server = await freshServer(context, last.issuer);
    if (server !== null && (settings.issuer === null || settings.issuer === last.issuer))
      return { server, discovery: last };
  }

  let challenge = given.challenge ?? null;
  const knownUrl = last?.resourceMetadataUrl ?? null;
  if (given.challenge === undefined && knownUrl === null) challenge = await readChallenge(context, connector, recorder);

  const input = {
    serverUrl: connector.url,
    challenge,
    pinnedIssuer: settings.issuer,
    preferredIssuers: given.preferredIssuers ?? (last === null ? [] : [last.issuer]),
    allowLegacy: settings.allowLegacyDiscovery && given.namedOnly !== true,
    allowDefaultEndpoints: connector.authType === 'oauth',
    allowMissingPkce: settings.allowMissingPkce,
    grant: settings.grant,
    allowHttp: context.mayUsePlainHttp,
    cachedServer: (issuer: string) => freshServer(context, issuer),
  };
  const exchange = recorder.exchange('metadata', 'discovery');
  let found: Awaited<ReturnType<typeof discover>>;
  try {
    found = await discover(exchange, { ...input, knownResourceMetadataUrl: knownUrl });
  } catch (error) {
    // A metadata URL that worked once may have moved; the server's own challenge names the new one.
    const moved =
      given.challenge === undefined &&
      knownUrl !== null &&
      isChatelaineError(error, 'oauth_not_supported', 'metadata_invalid');
    if (!moved) throw error;
    challenge = await readChallenge(context, connector, recorder);
    found = await discover(exchange, { ...input, challenge });
  }
  refusePrivateEndpoints(context, found.server);
  if (!found.fromCache) await rememberServer(context, found.server, found.metadataUrl);
  for (const warning of found.warnings) recorder.note('discovery', warning);

  const discovery: DiscoveryRecord = {
    mode: found.mode,
    issuer: found.issuer,
    resource: found.resource,
    resourceMetadataUrl: found.resourceMetadataUrl,
    scopesSupported: found.scopesSupported,
    challengedScope: found.challengedScope ?? (given.challenge === undefined ? (last?.challengedScope ?? null) : null),
    discoveredAt: now,
  };
  return { server: found.server, discovery };
}

/** Said before a person consents, not after. The guarded fetch refuses them in any case. @throws address_refused */
function refusePrivateEndpoints(context: HubContext, server: AuthorizationServer): void {
  for (const field of ['token_endpoint', 'registration_endpoint', 'revocation_endpoint'] as const) {
    const refusal = server[field] === undefined ? null : context.urlRefusal(new URL(server[field]));
    if (refusal === null) continue;
    throw new ChatelaineError('address_refused', `The ${field} of ${quoteForeign(server.issuer)}: ${refusal}`);
  }
}

/** Its endpoints did not do what they are for: the next use reads its metadata again, if that was not done just now. */
export async function doubtServer(context: HubContext, issuer: string): Promise<void> {
  const known = await context.store.authorizationServers.get(issuer);
  const now = context.now();
  if (known === null || known.metadataUrl === null || known.expiresAt <= now) return;
  if (known.fetchedAt + AS_METADATA_DOUBT_MS > now) return;
  await context.store.authorizationServers.put({ ...known, expiresAt: now });
}

/**
 * The metadata to use a credential's issuer with, for refresh and revocation: fresh from the store, else
 * fetched again, else (the provider's metadata being out of reach, or none) the last known.
 */
export async function serverOf(
  context: HubContext,
  connector: ConnectorRecord,
  issuer: string,
  recorder: Recorder,
): Promise<AuthorizationServer> {
  const settings = connector.oauth ?? DEFAULT_OAUTH_SETTINGS;
  if (hasManualEndpoints(settings)) {
    const { server } = manual(connector, settings, context.now());
    if (server.issuer === issuer) return server;
  }
  const known = await context.store.authorizationServers.get(issuer);
  if (known !== null && (known.expiresAt > context.now() || known.metadataUrl === null))
    return known.metadata as AuthorizationServer;
  try {
    const { server, metadataUrl } = await fetchAuthorizationServer(
      recorder.exchange('metadata', 'authorization_server_metadata'),
      issuer,
      {
        allowMissingPkce: settings.allowMissingPkce,
        grant: settings.grant,
        allowHttp: context.mayUsePlainHttp,
      },
    );
    await rememberServer(context, server, metadataUrl);
    return server;
  } catch (error) {
    // What is published now is not even metadata: that may be a page of its proxy, and what was valid is still known.
    const isAway = isTransient(error) || isChatelaineError(error, 'metadata_invalid', 'oauth_not_supported');
    if (known !== null && isAway) {
      recorder.note('authorization_server_metadata', 'not to be had at the moment; used as it was last known');
      return known.metadata as AuthorizationServer;
    }
    if (isChatelaineError(error)) throw error;
    throw new ChatelaineError('upstream_unreachable', `The authorization server ${issuer} could not be looked up.`, {
      cause: error,
    });
  }
}
