// Gives tokens back (RFC 7009) when a credential is disconnected. It is a courtesy to the user: whatever the
// provider answers, the caller has forgotten the tokens already.

import { quoteForeign } from '../errors.ts';
import type { Exchange } from '../outbound.ts';
import type { Secret } from '../secret.ts';
import { revokeRequest } from './authenticated-request.ts';
import { discardBody, readDocument } from './foreign-document.ts';
import { foreignError } from './oauth-fault.ts';
import type { AuthorizationServer, OAuthClient } from './types.ts';

const SERVICE_UNAVAILABLE = 503;

/**
 * Revokes the refresh token, then the access token. `revoked` tells about the one that keeps the grant alive:
 * the refresh token where there is one. 200 also means "was invalid already". A 503 is tried once more.
 *
 * @throws what the fetch and `authenticateClient` throw; never for what the provider answers
 * @see RFC 7009 section 2
 */
export async function revokeTokens(
  exchange: Exchange,
  request: {
    readonly server: AuthorizationServer;
    readonly client: OAuthClient;
    readonly refreshToken: Secret | null;
    readonly accessToken: Secret;
  },
): Promise<{ revoked: boolean; detail: string }> {
  const { server, refreshToken, accessToken } = request;
  if (server.revocation_endpoint === undefined) {
    return {
      revoked: false,
      detail: 'the authorization server has no revocation endpoint; the tokens end by themselves',
    };
  }
  const outcomes: { readonly refusal: string | null; readonly name: string }[] = [];
  if (refreshToken !== null) {
    outcomes.push({ name: 'refresh token', refusal: await revoke(exchange, request, refreshToken, 'refresh_token') });
  }
  outcomes.push({ name: 'access token', refusal: await revoke(exchange, request, accessToken, 'access_token') });
  return {
    revoked: outcomes[0]?.refusal === null,
    detail: outcomes
      .map(({ name, refusal }) => `${name} ${refusal === null ? 'revoked' : `not revoked (${refusal})`}`)
      .join(', '),
  };
}

/** Null when the token is gone, else the provider's reason. */
async function revoke(
  exchange: Exchange,
  request: { readonly server: AuthorizationServer; readonly client: OAuthClient },
  token: Secret,
  hint: 'refresh_token' | 'access_token',
): Promise<string | null> {
  let response = await revokeRequest(exchange.fetch, request, token.reveal(), hint);
  if (response.status === SERVICE_UNAVAILABLE) {
    discardBody(response);
    response = await revokeRequest(exchange.fetch, request, token.reveal(), hint);
  }
  const { code } = foreignError(response.ok ? null : await readDocument(response), [token]);
  if (response.ok) discardBody(response);
  const refusal = response.ok ? null : `HTTP ${response.status}${code === null ? '' : `, ${quoteForeign(code)}`}`;
  exchange.note?.('revocation', refusal === null ? `${hint} revoked` : `${hint}: ${refusal}`);
  return refusal;
}
