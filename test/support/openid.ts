// A real OpenID provider (oidc-provider) for tests of single sign-on: whoever `account` names is signed in, without
// a page. It can be started after its address is known, as a provider that was down.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { Provider } from 'oidc-provider';

export type Account = {
  sub: string;
  email?: string;
  email_verified?: boolean;
  name?: string;
};

export type OpenId = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Every code, ID token and access token that it gave out. */
  readonly issued: ReadonlySet<string>;
  /** Who signs in; null declines. */
  account: Account | null;
  /** Signs ID tokens with a key that it does not publish. */
  forgeKeys: boolean;
  start(redirectUri: string): Promise<void>;
  close(): Promise<void>;
};

export async function prepareOpenId(): Promise<OpenId> {
  const probe = createServer();
  const port = await listen(probe, 0);
  await new Promise((resolve) => probe.close(resolve));
  const issuer = `http://127.0.0.1:${port}`;
  let server: Server | null = null;
  const issued = new Set<string>();
  const openId: OpenId = {
    issued,
    issuer,
    clientId: 'chatelaine',
    clientSecret: randomBytes(24).toString('base64url'),
    account: null,
    forgeKeys: false,
    async start(redirectUri) {
      const provider = providerOf(openId, redirectUri);
      provider.use(async (context, next) => {
        await next();
        const code = URL.parse(String(context.response.get('location')))?.searchParams.get('code');
        const { id_token, access_token } = (context.body ?? {}) as { id_token?: string; access_token?: string };
        for (const secret of [code, id_token, access_token]) if (typeof secret === 'string') issued.add(secret);
      });
      const callback = provider.callback();
      const strange = newKey('strange');
      server = createServer((request, response) => {
        if (request.url?.startsWith('/interaction/')) {
          void decide(provider, openId.account, request, response);
          return;
        }
        if (openId.forgeKeys && request.url?.startsWith('/jwks')) {
          const { d: _, ...published } = strange;
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify({ keys: [{ ...published, kid: 'k1' }] }));
          return;
        }
        void callback(request, response);
      });
      await listen(server, port);
    },
    async close() {
      server?.closeAllConnections();
      await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
    },
  };
  return openId;
}

function providerOf(openId: OpenId, redirectUri: string): Provider {
  const provider = new Provider(openId.issuer, {
    clients: [
      {
        client_id: openId.clientId,
        client_secret: openId.clientSecret,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [newKey('k1') as never] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: async () => ({ ...openId.account, sub }) }),
    ttl: { Grant: 60, Session: 60, Interaction: 60, AccessToken: 60, IdToken: 60 },
  });
  return provider;
}

async function decide(
  provider: Provider,
  account: Account | null,
  request: Parameters<Provider['interactionDetails']>[0],
  response: Parameters<Provider['interactionDetails']>[1],
): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  if (account === null) {
    await provider.interactionFinished(request, response, { error: 'access_denied' });
    return;
  }
  const grant = new provider.Grant({ accountId: account.sub, clientId: String(params.client_id) });
  grant.addOIDCScope(String(params.scope));
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, {
    login: { accountId: account.sub, remember: false },
    consent,
  });
}

function newKey(kid: string): Record<string, unknown> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
