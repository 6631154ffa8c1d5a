// What we say about ourselves: the Client ID Metadata Document that we publish, and the body of a dynamic
// registration (RFC 7591 section 2). One function, so that both tell the same.

import { ChatelaineError } from '../errors.ts';
import { foreignUrl, isLoopback } from './foreign-url.ts';
import type { TokenEndpointAuthMethod } from './types.ts';

export type ApplicationType = 'web' | 'native';

export type ClientMetadata = {
  readonly client_id?: string;
  readonly client_name: string;
  readonly client_uri?: string;
  readonly redirect_uris: readonly [string];
  readonly grant_types: readonly ['authorization_code', 'refresh_token'];
  readonly response_types: readonly ['code'];
  readonly token_endpoint_auth_method: TokenEndpointAuthMethod;
  readonly application_type: ApplicationType;
  readonly scope?: string;
  readonly jwks?: { readonly keys: readonly object[] };
};

/**
 * Our metadata. With `clientId` it is a Client ID Metadata Document, which anyone can read: no secret in it,
 * and no method that rests on one.
 *
 * @throws invalid_settings for a `clientId` that cannot be one, or a method that a public document cannot have
 * @see draft-ietf-oauth-client-id-metadata-document sections 3 and 4, RFC 7591 section 2
 */
export function clientMetadata(input: {
  readonly redirectUri: string;
  readonly clientName: string;
  /** Left out unless https: registrations are refused for less. */
  readonly clientUri?: string;
  /** The document's own URL. */
  readonly clientId?: string;
  /** Default `none`. */
  readonly tokenEndpointAuthMethod?: TokenEndpointAuthMethod;
  /** Public keys for private_key_jwt. */
  readonly jwks?: { readonly keys: readonly object[] };
  readonly scope?: string;
  /** Default: as the redirect URI implies. */
  readonly applicationType?: ApplicationType;
}): ClientMetadata {
  const method = input.tokenEndpointAuthMethod ?? 'none';
  if (input.clientId !== undefined) checkDocument(input.clientId, method);
  return {
    ...(input.clientId === undefined ? {} : { client_id: input.clientId }),
    client_name: input.clientName,
    ...(input.clientUri?.startsWith('https:') ? { client_uri: input.clientUri } : {}),
    redirect_uris: [input.redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: method,
    application_type: input.applicationType ?? applicationType(input.redirectUri),
    ...(input.scope === undefined ? {} : { scope: input.scope }),
    ...(input.jwks === undefined ? {} : { jwks: input.jwks }),
  };
}

/** `native` for callbacks on this machine and custom schemes, `web` for remotely hosted ones. @see SEP-837 */
export function applicationType(redirectUri: string): ApplicationType {
  const url = new URL(redirectUri);
  return /^https?:$/.test(url.protocol) && !isLoopback(url) ? 'web' : 'native';
}

function checkDocument(clientId: string, method: TokenEndpointAuthMethod): void {
  const url = foreignUrl(clientId);
  // Equal to its parsed form: no dot segments, which servers would resolve and then compare unequal.
  const fit =
    url !== null && url.protocol === 'https:' && url.pathname !== '/' && url.search === '' && url.href === clientId;
  if (!fit) {
    throw new ChatelaineError(
      'invalid_settings',
      'The client metadata URL must be https with a path, and without user name, query, fragment or dot segments.',
    );
  }
  if (method !== 'none' && method !== 'private_key_jwt') {
    throw new ChatelaineError(
      'invalid_settings',
      `A client metadata document is public, so its client cannot use ${method}.`,
    );
  }
}
