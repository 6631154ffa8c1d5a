// The URL to which a browser is sent for consent (RFC 6749 section 4.1.1, RFC 7636, RFC 8707). Pure text; the
// state and the challenge come from the flow, which also remembers what was asked.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { foreignUrl } from './foreign-url.ts';
import type { AuthorizationServer, OAuthClient } from './types.ts';

/** Ours to set; an endpoint that carries one of them in its own query does not get its way. */
const OWNED = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
  'resource',
  'prompt',
] as const;

/**
 * The authorization request. The rest of the endpoint's own query is kept, as RFC 6749 section 3.1 demands.
 * With `offline_access` consent is asked for expressly, without which OpenID providers ignore that scope.
 *
 * @throws metadata_invalid when the server has no authorization endpoint that a browser may be sent to
 * @see RFC 6749 section 4.1.1, OpenID Connect Core 1.0 section 11
 */
export function authorizationUrl(request: {
  readonly server: AuthorizationServer;
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly scope: string | null;
  readonly state: Secret;
  /** S256. */
  readonly challenge: string;
  readonly resource: string | null;
}): string {
  const { server, scope, resource } = request;
  const url = foreignUrl(server.authorization_endpoint);
  if (url === null) {
    throw new ChatelaineError(
      'metadata_invalid',
      `The authorization server ${quoteForeign(server.issuer)} has no authorization endpoint; enter its endpoints by hand.`,
    );
  }
  for (const name of OWNED) url.searchParams.delete(name);
  const set = (name: (typeof OWNED)[number], value: string): void => url.searchParams.set(name, value);
  set('response_type', 'code');
  set('client_id', request.client.clientId);
  set('redirect_uri', request.redirectUri);
  set('state', request.state.reveal());
  set('code_challenge', request.challenge);
  set('code_challenge_method', 'S256');
  if (scope) set('scope', scope);
  if (resource) set('resource', resource);
  if (scope?.split(' ').includes('offline_access')) set('prompt', 'consent');
  return url.href;
}
