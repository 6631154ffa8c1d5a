// Protected resource metadata (RFC 9728): finds the document that an MCP server publishes about itself and
// believes it only when it speaks of this very server. Which authorization server to take from it, and what
// to do without it, is discovery.ts's.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { Exchange } from '../outbound.ts';
import type { ForeignDocument } from './foreign-document.ts';
import { listMember, textMember, valueMember } from './foreign-document.ts';
import { foreignUrl, shownUrl } from './foreign-url.ts';
import { judged, requestMetadata } from './metadata-request.ts';
import type { BearerChallenge } from './types.ts';
import { resourceMetadataUrls } from './well-known.ts';

const STEP = 'protected_resource_metadata';

export type ProtectedResource = {
  readonly url: string;
  /** To the letter as published. */
  readonly resource: string;
  /** At least one; issuers to the letter as published. */
  readonly authorizationServers: readonly string[];
  readonly scopesSupported: readonly string[] | null;
  readonly resourceName: string | null;
  readonly bearerMethods: readonly string[] | null;
  readonly warnings: readonly string[];
};

/**
 * The server's document: from the URL in its challenge, else from where it was last time, else from the
 * well-known places. Null when every place answered that there is none. The first document decides; another
 * place is not tried because one was unsuitable.
 *
 * @throws resource_mismatch, metadata_invalid; upstream faults
 * @see RFC 9728 sections 3 and 5, MCP 2026-07-28 authorization server discovery
 */
export async function findProtectedResource(
  exchange: Exchange,
  input: {
    readonly serverUrl: string;
    readonly challenge: BearerChallenge | null;
    readonly knownResourceMetadataUrl?: string | null;
  },
): Promise<ProtectedResource | null> {
  const announced = input.challenge?.resourceMetadata ?? null;
  const first = input.challenge === null ? (input.knownResourceMetadataUrl ?? null) : announced;
  const warnings: string[] = [];
  if (first !== null && foreignUrl(first) === null) {
    warnings.push(`The resource metadata URL ${quoteForeign(first)} is not an absolute http(s) URL and was ignored.`);
  }
  const candidates = [...(foreignUrl(first) === null ? [] : [String(first)]), ...resourceMetadataUrls(input.serverUrl)];
  for (const url of new Set(candidates)) {
    const { document } = await requestMetadata(exchange, { step: STEP, url });
    if (document === null || !isResourceMetadata(document)) {
      if (document !== null) exchange.note?.(STEP, `${shownUrl(url)}: JSON, but no resource metadata`);
      if (url === announced)
        warnings.push(`The challenge names ${quoteForeign(shownUrl(url))}, where there is no resource metadata.`);
      continue;
    }
    const found = judged(exchange, { step: STEP, url }, () => processResourceMetadata(document, input.serverUrl));
    return { url, ...found, warnings: [...warnings, ...found.warnings] };
  }
  return null;
}

/** Some servers answer any path with some JSON; that is absence, not a malformed document. */
function isResourceMetadata(document: ForeignDocument): boolean {
  return 'resource' in document || 'authorization_servers' in document;
}

function processResourceMetadata(document: ForeignDocument, serverUrl: string): Omit<ProtectedResource, 'url'> {
  const resource = valueMember(document, 'resource');
  if (resource === null || !speaksFor(resource, serverUrl)) {
    throw new ChatelaineError(
      'resource_mismatch',
      `The server's resource metadata is about ${resource === null ? 'no resource' : quoteForeign(resource)}, not about ${shownUrl(serverUrl)}, so it cannot be trusted. Check the URL; if it is right, the server's operator must correct its metadata.`,
    );
  }
  const named = listMember(document, 'authorization_servers') ?? [];
  const authorizationServers = named.filter((issuer) => foreignUrl(issuer)?.search === '');
  if (authorizationServers.length === 0) {
    throw new ChatelaineError(
      'metadata_invalid',
      `The resource metadata of ${shownUrl(serverUrl)} names no authorization server that can be used, so nobody can sign in there. Its operator must correct it, or pin one with oauth.issuer and both endpoints.`,
    );
  }
  const bearerMethods = listMember(document, 'bearer_methods_supported');
  const warnings: string[] = [];
  if (authorizationServers.length < named.length)
    warnings.push('Entries of authorization_servers that are no issuer URLs were ignored.');
  if (bearerMethods !== null && !bearerMethods.includes('header')) {
    warnings.push(
      'The server does not list the Authorization header among its bearer methods; tokens are sent in it all the same.',
    );
  }
  if (document.dpop_bound_access_tokens_required === true) {
    warnings.push(
      'The server requires DPoP-bound access tokens, which Chatelaine does not use; calls will probably be refused.',
    );
  }
  return {
    resource,
    authorizationServers,
    scopesSupported: listMember(document, 'scopes_supported'),
    resourceName: textMember(document, 'resource_name'),
    bearerMethods,
    warnings,
  };
}

/**
 * RFC 9728 section 3.3 wants equality. Servers commonly name their origin or a parent path, for all endpoints
 * below it; that is accepted segment by segment (`/mcp` speaks for `/mcp/v1`, not for `/mcp-other`).
 */
function speaksFor(resource: string, serverUrl: string): boolean {
  const named = foreignUrl(resource);
  const endpoint = new URL(serverUrl);
  if (named === null || named.origin !== endpoint.origin) return false;
  if (named.search !== '' && named.search !== endpoint.search) return false;
  const asFolder = (path: string): string => (path.endsWith('/') ? path : `${path}/`);
  return asFolder(endpoint.pathname).startsWith(asFolder(named.pathname));
}
