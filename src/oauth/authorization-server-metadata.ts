// Authorization server metadata (RFC 8414, OpenID Connect Discovery): asks at the well-known places of an
// issuer, and believes a document only when it names that very issuer. A document is never mixed with another.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { Exchange } from '../outbound.ts';
import type { ForeignDocument } from './foreign-document.ts';
import { listMember, valueMember } from './foreign-document.ts';
import { foreignUrl, shownUrl } from './foreign-url.ts';
import { judged, type MetadataRequest, requestMetadata } from './metadata-request.ts';
import type { AuthorizationServer, ServerRequirements } from './types.ts';
import { serverMetadataUrls } from './well-known.ts';

const LISTS = [
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg_values_supported',
  'grant_types_supported',
  'scopes_supported',
  'code_challenge_methods_supported',
  'dpop_signing_alg_values_supported',
] as const;
const FLAGS = ['client_id_metadata_document_supported', 'authorization_response_iss_parameter_supported'] as const;

export type FoundMetadata = {
  readonly server: AuthorizationServer;
  readonly metadataUrl: string;
  readonly warnings: readonly string[];
};

/**
 * The validated metadata of `issuer`.
 *
 * @throws issuer_mismatch, pkce_not_supported, metadata_invalid; upstream faults
 * @see RFC 8414 section 3, MCP 2026-07-28 authorization server discovery
 */
export async function fetchAuthorizationServer(
  exchange: Exchange,
  issuer: string,
  requirements: ServerRequirements,
): Promise<FoundMetadata> {
  if (foreignUrl(issuer) === null) {
    throw new ChatelaineError('metadata_invalid', `${quoteForeign(issuer)} is not the URL of an authorization server.`);
  }
  const urls = serverMetadataUrls(issuer);
  for (const url of urls) {
    const found = await requestServerMetadata(
      exchange,
      { step: 'authorization_server_metadata', url },
      [issuer],
      requirements,
    );
    if (found !== null) return found;
  }
  throw new ChatelaineError(
    'metadata_invalid',
    `The authorization server ${quoteForeign(issuer)} publishes no metadata (tried ${urls.map(shownUrl).join(', ')}). Enter its endpoints by hand.`,
  );
}

/** One candidate: null when there is no document. `issuers` are the spellings that may stand in it. */
export async function requestServerMetadata(
  exchange: Exchange,
  request: MetadataRequest,
  issuers: readonly string[],
  requirements: ServerRequirements,
): Promise<FoundMetadata | null> {
  const { document } = await requestMetadata(exchange, request);
  if (document === null) return null;
  if (!isServerMetadata(document)) {
    exchange.note?.(request.step, `${shownUrl(request.url)}: JSON, but no server metadata`);
    return null;
  }
  return judged(exchange, request, () => {
    const { server, warnings } = processServerMetadata(document, issuers);
    return { server, metadataUrl: request.url, warnings: [...warnings, ...checkRequirements(server, requirements)] };
  });
}

/**
 * Refuses a server that cannot be used safely; what is tolerated on request comes back as warnings. Metadata
 * from a cache needs this too, since it may have been stored under other requirements.
 *
 * @throws metadata_invalid, pkce_not_supported
 */
export function checkRequirements(server: AuthorizationServer, requirements: ServerRequirements): string[] {
  const issuer = quoteForeign(server.issuer);
  if (server.token_endpoint === undefined) throw invalid(issuer, 'has no token_endpoint');
  if (requirements.grant === 'client_credentials') return [];

  if (server.authorization_endpoint === undefined) throw invalid(issuer, 'has no authorization_endpoint');
  const url = new URL(server.authorization_endpoint);
  if (url.protocol !== 'https:' && requirements.allowHttp?.(url) !== true) {
    throw invalid(issuer, 'would send your browser to a plain http page on a host that was not approved for it');
  }
  if (server.code_challenge_methods_supported?.includes('S256')) return [];
  if (!requirements.allowMissingPkce) {
    throw new ChatelaineError(
      'pkce_not_supported',
      `The authorization server ${issuer} does not say that it supports PKCE with S256, so a stolen code could be used. If you know that it does, set oauth.allowMissingPkce for this connector.`,
    );
  }
  return [
    'The authorization server does not promise PKCE with S256; it was accepted because oauth.allowMissingPkce is set.',
  ];
}

function isServerMetadata(document: ForeignDocument): boolean {
  return 'issuer' in document || 'authorization_endpoint' in document || 'token_endpoint' in document;
}

function processServerMetadata(
  document: ForeignDocument,
  issuers: readonly string[],
): { server: AuthorizationServer; warnings: string[] } {
  const issuer = valueMember(document, 'issuer');
  // Compared as strings: any normalisation would let one server pass for another.
  if (issuer === null || !issuers.includes(issuer)) {
    const found = issuer === null ? 'names no issuer' : `names the issuer ${quoteForeign(issuer)}`;
    throw new ChatelaineError(
      'issuer_mismatch',
      `The metadata found for ${quoteForeign(issuers[0] ?? '')} ${found}, so it belongs to somebody else and is not used. If the authorization server is the right one, its operator must correct its metadata; until then enter both endpoints by hand (oauth.authorizationEndpoint, oauth.tokenEndpoint).`,
    );
  }
  const warnings: string[] = [];
  const server: Record<string, unknown> = { issuer };
  for (const name of ['authorization_endpoint', 'token_endpoint']) {
    if (document[name] === undefined) continue;
    if (foreignUrl(document[name]) === null)
      throw invalid(quoteForeign(issuer), `names, as ${name}, no absolute http(s) URL`);
    server[name] = document[name];
  }
  for (const name of ['registration_endpoint', 'revocation_endpoint']) {
    if (document[name] === undefined) continue;
    if (foreignUrl(document[name]) === null) warnings.push(`The ${name} is no absolute http(s) URL and was ignored.`);
    else server[name] = document[name];
  }
  for (const name of LISTS) {
    const list = listMember(document, name);
    if (list !== null) server[name] = list;
  }
  for (const name of FLAGS) if (typeof document[name] === 'boolean') server[name] = document[name];
  return { server: server as AuthorizationServer, warnings };
}

function invalid(issuer: string, what: string): ChatelaineError {
  return new ChatelaineError(
    'metadata_invalid',
    `The metadata of the authorization server ${issuer} ${what}. Its operator must correct it; until then enter the endpoints by hand.`,
  );
}
