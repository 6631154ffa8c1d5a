// Tokens for a machine (RFC 6749 section 4.4; MCP extension io.modelcontextprotocol/oauth-client-credentials):
// no person, no browser, no refresh token. The client proves itself by secret or by a signed assertion.

import { ChatelaineError } from '../errors.ts';
import type { Exchange } from '../outbound.ts';
import { tokenRequest } from './authenticated-request.ts';
import { processTokenResponse } from './token-response.ts';
import type { AuthorizationServer, OAuthClient, TokenSet } from './types.ts';

/**
 * An access token for the client itself. A refresh token would be pointless (RFC 6749 section 4.4.3) and is
 * dropped; `scope` is what was granted, else what was requested.
 *
 * @throws client_id_required for a client that cannot prove itself; client_rejected, token_request_failed;
 *   upstream faults
 * @see SEP-1046
 */
export async function requestClientCredentials(
  exchange: Exchange,
  request: {
    readonly server: AuthorizationServer;
    readonly client: OAuthClient;
    readonly scope: string | null;
    readonly resource: string | null;
  },
): Promise<TokenSet> {
  const { client, scope, resource } = request;
  if (client.authMethod === 'none') {
    throw new ChatelaineError(
      'client_id_required',
      'Client credentials need a client secret or a private key: enter one.',
      {
        details: { field: 'oauth.clientSecret' },
      },
    );
  }
  const response = await tokenRequest(exchange.fetch, request, 'client_credentials', { scope, resource });
  const tokens = await processTokenResponse(response, client.clientSecret === undefined ? [] : [client.clientSecret]);
  exchange.note?.('client_credentials', 'access token issued');
  return { ...tokens, refreshToken: null, scope: tokens.scope ?? scope };
}
