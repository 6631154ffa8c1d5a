// From a pasted URL to an authorization server: protected resource metadata, then the metadata of one of the
// servers it names; where there is none, what the operator pinned or what 2025-03-26 servers have. The only
// place where these are put together, so that every caller discovers alike.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { Exchange } from '../outbound.ts';
import { checkRequirements, fetchAuthorizationServer } from './authorization-server-metadata.ts';
import { foreignUrl, shownUrl } from './foreign-url.ts';
import { discoverLegacy } from './legacy-discovery.ts';
import type { ProtectedResource } from './protected-resource-metadata.ts';
import { findProtectedResource } from './protected-resource-metadata.ts';
import type { AuthorizationServer, Discovery, DiscoveryInput } from './types.ts';

const STEP = 'authorization_server_metadata';

type FoundServer = {
  readonly server: AuthorizationServer;
  readonly metadataUrl: string | null;
  readonly fromCache: boolean;
  readonly warnings: readonly string[];
};

/**
 * Finds the authorization server of an MCP server. Every place asked and what it answered goes to
 * `exchange.note`.
 *
 * @throws oauth_not_supported when the server publishes nothing about OAuth
 * @throws resource_mismatch, issuer_mismatch, pkce_not_supported, metadata_invalid for documents that must not be used
 * @throws upstream_http_error, upstream_rate_limited and what the fetch throws: nothing was decided, try again
 * @see MCP 2026-07-28 authorization server discovery; 2025-03-26 for servers without resource metadata
 */
export async function discover(exchange: Exchange, input: DiscoveryInput): Promise<Discovery> {
  const resource = await findProtectedResource(exchange, input);
  const challengedScope = input.challenge?.scope ?? null;
  if (resource !== null) {
    const found = await findServer(exchange, chooseIssuer(resource, input), input);
    return {
      mode: 'protected_resource_metadata',
      issuer: found.server.issuer,
      ...found,
      resource: resource.resource,
      resourceMetadataUrl: resource.url,
      resourceName: resource.resourceName,
      scopesSupported: resource.scopesSupported,
      challengedScope,
      bearerMethods: resource.bearerMethods,
      warnings: [...resource.warnings, ...found.warnings],
    };
  }
  const found =
    input.pinnedIssuer === null
      ? { fromCache: false, ...(await discoverLegacy(exchange, input)) }
      : { mode: 'legacy_origin' as const, ...(await findServer(exchange, input.pinnedIssuer, input)) };
  return {
    issuer: found.server.issuer,
    ...found,
    resource: null,
    resourceMetadataUrl: null,
    resourceName: null,
    scopesSupported: null,
    challengedScope,
    bearerMethods: null,
  };
}

/**
 * An authorization server out of endpoints that were set by hand; nothing is asked. Without an issuer the
 * token endpoint's origin stands for it.
 *
 * @throws invalid_request naming the field that is no usable URL
 */
export function manualServer(input: {
  readonly issuer: string | null;
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string | null;
  readonly revocationEndpoint: string | null;
  readonly serverUrl: string;
}): AuthorizationServer {
  const endpoint = (value: string | null, field: string): string | null => {
    if (value === null || foreignUrl(value) !== null) return value;
    throw new ChatelaineError(
      'invalid_request',
      `${field} must be an absolute http(s) URL without user name and fragment.`,
      {
        details: { field },
      },
    );
  };
  const authorization = endpoint(input.authorizationEndpoint, 'oauth.authorizationEndpoint');
  const token = endpoint(input.tokenEndpoint, 'oauth.tokenEndpoint');
  const revocation = endpoint(input.revocationEndpoint, 'oauth.revocationEndpoint');
  return {
    issuer: endpoint(input.issuer, 'oauth.issuer') ?? new URL(token ?? input.serverUrl).origin,
    ...(authorization === null ? {} : { authorization_endpoint: authorization }),
    ...(token === null ? {} : { token_endpoint: token }),
    ...(revocation === null ? {} : { revocation_endpoint: revocation }),
  };
}

/** The operator's pin, else a server we hold credentials for, else the first (RFC 9728 section 7.6). */
function chooseIssuer(resource: ProtectedResource, { pinnedIssuer, preferredIssuers = [] }: DiscoveryInput): string {
  const named = resource.authorizationServers;
  if (pinnedIssuer !== null) {
    const pinned =
      named.find((issuer) => issuer === pinnedIssuer) ?? named.find((issuer) => sameButForSlash(issuer, pinnedIssuer));
    if (pinned !== undefined) return pinned;
    throw new ChatelaineError(
      'issuer_mismatch',
      `The server trusts ${quoteForeign(named.join(', '))}, but oauth.issuer pins ${quoteForeign(pinnedIssuer)}. Correct or clear oauth.issuer.`,
      { details: { field: 'oauth.issuer' } },
    );
  }
  return preferredIssuers.find((issuer) => named.includes(issuer)) ?? named[0] ?? '';
}

/** A person typed the pin; the published spelling is what counts from here on. */
function sameButForSlash(a: string, b: string): boolean {
  return a.replace(/\/$/, '') === b.replace(/\/$/, '');
}

async function findServer(exchange: Exchange, issuer: string, input: DiscoveryInput): Promise<FoundServer> {
  const cached = (await input.cachedServer?.(issuer)) ?? null;
  if (cached === null) return { fromCache: false, ...(await fetchAuthorizationServer(exchange, issuer, input)) };
  exchange.note?.(STEP, `${shownUrl(issuer)}: metadata known already`);
  return { server: cached, metadataUrl: null, fromCache: true, warnings: checkRequirements(cached, input) };
}
