// Exchanges an authorization code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5). Which token
// endpoint that is was fixed when the flow began; whether the response may be acted on is
// authorization-response.ts's.

import type { Exchange } from '../outbound.ts';
import type { Secret } from '../secret.ts';
import { tokenRequest } from './authenticated-request.ts';
import { processTokenResponse } from './token-response.ts';
import type { AuthorizationServer, OAuthClient, TokenSet } from './types.ts';

/**
 * The tokens for `code`. `scope` is what was granted, else (when the answer is silent) what was requested.
 *
 * @throws invalid_grant, client_rejected, token_request_failed; upstream faults
 * @see RFC 6749 section 5.1, MCP 2026-07-28 authorization
 */
export async function exchangeCode(
  exchange: Exchange,
  request: {
    readonly server: AuthorizationServer;
    readonly client: OAuthClient;
    readonly code: Secret;
    readonly verifier: Secret;
    /** The very string of the authorization request. */
    readonly redirectUri: string;
    readonly resource: string | null;
    readonly requestedScope: string | null;
  },
): Promise<TokenSet> {
  const { client, code, verifier, requestedScope } = request;
  const response = await tokenRequest(exchange.fetch, request, 'authorization_code', {
    code: code.reveal(),
    code_verifier: verifier.reveal(),
    redirect_uri: request.redirectUri,
    resource: request.resource,
  });
  const secrets = client.clientSecret === undefined ? [code, verifier] : [code, verifier, client.clientSecret];
  const tokens = await processTokenResponse(response, secrets);
  exchange.note?.('token', `tokens issued; refresh token: ${tokens.refreshToken === null ? 'no' : 'yes'}`);
  return { ...tokens, scope: tokens.scope ?? requestedScope };
}
