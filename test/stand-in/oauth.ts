// The smallest authorization server that a stand-in needs: whoever is `signIn.account` at the moment consents
// at once. A code belongs to the one who asked for it (PKCE); nothing else is checked: other tests do that.

import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type Authorization = {
  /** Answers the endpoints of its own; false for any other path. */
  handle(request: IncomingMessage, response: ServerResponse, body: string): boolean;
  readonly metadataUrl: string;
};

/** One code or refresh token that was presented, and whether tokens were given for it. */
export type TokenRequest = {
  readonly grant: 'authorization_code' | 'refresh_token';
  readonly presented: string;
  readonly at: number;
  readonly isGranted: boolean;
};

export function createAuthorization(
  origin: string,
  signIn: { account: string },
  issue: (account: string) => string,
  { tokenSeconds, tokenRequests }: { readonly tokenSeconds: number; readonly tokenRequests: TokenRequest[] },
): Authorization {
  const codes = new Map<string, { account: string; challenge: string | null }>();
  const refreshers = new Map<string, string>();
  const metadata = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    authorization_response_iss_parameter_supported: true,
  };
  const tokens = (response: ServerResponse, account: string): void => {
    const refresh = randomBytes(24).toString('base64url');
    refreshers.set(refresh, account);
    const lifetime = { token_type: 'Bearer', expires_in: tokenSeconds };
    json(response, 200, { access_token: issue(account), refresh_token: refresh, ...lifetime });
  };

  const refreshed = (form: URLSearchParams): string | undefined => {
    const token = form.get('refresh_token') ?? '';
    const account = refreshers.get(token);
    refreshers.delete(token);
    return account;
  };
  const redeemed = (form: URLSearchParams): string | undefined => {
    const code = form.get('code') ?? '';
    const known = codes.get(code);
    codes.delete(code);
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    return known?.challenge === proof ? known.account : undefined;
  };

  return {
    metadataUrl: `${origin}/.well-known/oauth-protected-resource/mcp`,
    handle(request, response, body) {
      const url = new URL(request.url ?? '/', origin);
      switch (url.pathname) {
        case '/.well-known/oauth-protected-resource/mcp':
          json(response, 200, { resource: `${origin}/mcp`, authorization_servers: [origin] });
          return true;
        case '/.well-known/oauth-authorization-server':
          json(response, 200, metadata);
          return true;
        case '/register': {
          const asked = JSON.parse(body) as Record<string, unknown>;
          json(response, 201, {
            ...asked,
            client_id: randomBytes(9).toString('hex'),
            token_endpoint_auth_method: 'none',
          });
          return true;
        }
        case '/authorize': {
          const code = randomBytes(24).toString('base64url');
          codes.set(code, { account: signIn.account, challenge: url.searchParams.get('code_challenge') });
          const back = new URL(url.searchParams.get('redirect_uri') ?? '');
          back.searchParams.set('code', code);
          back.searchParams.set('state', url.searchParams.get('state') ?? '');
          back.searchParams.set('iss', origin);
          response.writeHead(303, { location: back.href }).end();
          return true;
        }
        case '/token': {
          const form = new URLSearchParams(body);
          const isRefresh = form.get('grant_type') === 'refresh_token';
          const account = isRefresh ? refreshed(form) : redeemed(form);
          tokenRequests.push({
            grant: isRefresh ? 'refresh_token' : 'authorization_code',
            presented: form.get(isRefresh ? 'refresh_token' : 'code') ?? '',
            at: Date.now(),
            isGranted: account !== undefined,
          });
          if (account === undefined) json(response, 400, { error: 'invalid_grant' });
          else tokens(response, account);
          return true;
        }
        default:
          return false;
      }
    },
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
