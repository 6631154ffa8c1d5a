// Renews an access token (RFC 6749 section 6). That only one refresh runs at a time, and that its result is
// saved before use, is the caller's.

import type { Exchange } from '../outbound.ts';
import type { Secret } from '../secret.ts';
import { tokenRequest } from './authenticated-request.ts';
import { processTokenResponse } from './token-response.ts';
import type { AuthorizationServer, OAuthClient, TokenSet } from './types.ts';

/**
 * Fresh tokens. The refresh token in the result is the new one, or the old one where the server does not
 * rotate. No `scope` is sent: a refresh cannot widen it, and leaving it out keeps all that was granted.
 *
 * @throws invalid_grant: the old tokens are worth nothing; client_rejected, token_request_failed
 * @throws upstream faults: nothing was decided, the old refresh token stays good
 * @see RFC 6749 section 6, MCP 2026-07-28 authorization, "Refresh Tokens"
 */
export async function refreshTokens(
  exchange: Exchange,
  request: {
    readonly server: AuthorizationServer;
    readonly client: OAuthClient;
    readonly refreshToken: Secret;
    readonly resource: string | null;
  },
): Promise<TokenSet> {
  const { client, refreshToken } = request;
  const response = await tokenRequest(exchange.fetch, request, 'refresh_token', {
    refresh_token: refreshToken.reveal(),
    resource: request.resource,
  });
  const secrets = client.clientSecret === undefined ? [refreshToken] : [refreshToken, client.clientSecret];
  const tokens = await processTokenResponse(response, secrets);
  exchange.note?.('refresh', `refreshed; the refresh token was ${tokens.refreshToken === null ? 'kept' : 'replaced'}`);
  return { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
}
