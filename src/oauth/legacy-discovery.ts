// Servers from before RFC 9728 (MCP 2025-03-26): the MCP server's origin is its own authorization server, with
// metadata at one place, or with nothing but three default paths. Entered only when there is definitely no
// protected resource metadata; the 2026-07-28 revision itself does not permit it, so it can be switched off.

import { ChatelaineError } from '../errors.ts';
import type { Exchange } from '../outbound.ts';
import { checkRequirements, requestServerMetadata } from './authorization-server-metadata.ts';
import { shownUrl } from './foreign-url.ts';
import type { AuthorizationServer, DiscoveryInput, DiscoveryMode } from './types.ts';
import { legacyServerMetadataUrl } from './well-known.ts';

const STEP = 'authorization_server_metadata';
const LEGACY_REVISION = '2025-03-26';

export type LegacyServer = {
  readonly mode: DiscoveryMode;
  readonly server: AuthorizationServer;
  readonly metadataUrl: string | null;
  readonly warnings: readonly string[];
};

/**
 * The authorization server at the origin of `input.serverUrl`. Always asked anew: an issuer that we inferred
 * is no proof that cached metadata of that name was meant for this server.
 *
 * @throws oauth_not_supported when nothing there speaks OAuth; issuer_mismatch, pkce_not_supported,
 *   metadata_invalid; upstream faults
 * @see MCP 2025-03-26 authorization, "Server Metadata Discovery" and "Fallbacks for Servers without Metadata Discovery"
 */
export async function discoverLegacy(exchange: Exchange, input: DiscoveryInput): Promise<LegacyServer> {
  if (!input.allowLegacy)
    throw notSupported(input.serverUrl, ' (looking at its origin, as for servers of 2025-03-26, is switched off)');
  const { origin } = new URL(input.serverUrl);
  // We made the issuer out of the URL, without the slash that a document may rightly have.
  const issuers = [origin, `${origin}/`];
  const request = { step: STEP, url: legacyServerMetadataUrl(origin), protocolVersion: LEGACY_REVISION } as const;
  const found = await requestServerMetadata(exchange, request, issuers, input);
  if (found !== null) return { mode: 'legacy_origin', ...found };
  if (!input.allowDefaultEndpoints) throw notSupported(input.serverUrl, '');

  exchange.note?.(STEP, 'no metadata anywhere; using the default endpoints of 2025-03-26');
  const server = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
  };
  // Nothing describes this server, so nothing can promise PKCE either; it is used without the promise.
  const warnings = checkRequirements(server, { ...input, allowMissingPkce: true }).map(
    () => 'No metadata was found, so the default endpoints of 2025-03-26 are used; PKCE cannot be verified there.',
  );
  return { mode: 'legacy_endpoints', server, metadataUrl: null, warnings };
}

function notSupported(serverUrl: string, aside: string): ChatelaineError {
  return new ChatelaineError(
    'oauth_not_supported',
    `${shownUrl(serverUrl)} publishes nothing about OAuth${aside}. Use a bearer token or an API key instead, or enter the OAuth endpoints by hand.`,
  );
}
