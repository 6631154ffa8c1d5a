// Every place where a server, or whoever wrote its metadata, names an address: none of them gets Chatelaine to open a
// connection to where it must not. A canary listens there, and whoever uses the connector is told why.

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { legacy, miniServer, result, sse, tool } from '../mcp/mini-server.ts';
import { type Canary, startCanary } from '../net/canary.ts';
import { httpServer } from '../net/servers.ts';
import { Browser } from '../support/browser.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { type ProviderOptions, type RunningProvider, startProvider } from '../support/providers.ts';

let hub: TestHub;
let canary: Canary;
beforeAll(async () => {
  canary = await startCanary();
  hub = await startHub({ background: false, env: { CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1' } });
});
afterAll(async () => {
  await hub?.close();
  await canary?.close();
});

/** Only 127.0.0.1 is allowed. */
const FORBIDDEN = ['https://[::1]', 'http://127.0.0.2'] as const;
let made = 0;
/** Names are taken once. */
const newName = (): string => {
  made += 1;
  return `Hostile ${made}`;
};
const at = (base: string): string => `${base}:${canary.port}`;

type Faults = NonNullable<ProviderOptions['faults']>;
const redirect = (location: string, status = 307) => ({ status, headers: { location } });
const REFUSED = /private, local or reserved|over https|plain http/;
const SENT_ELSEWHERE = /redirects \(\d+\) to/;

/** What a hostile provider does, and what people are told of it; null: it is of no consequence at all. */
const PLACES: Readonly<Record<string, [fault: (base: string) => Faults, told: RegExp | null]>> = {
  'resource_metadata of a challenge': [(base) => ({ challenge: { resourceMetadata: `${base}/prm` } }), REFUSED],
  'authorization_servers of the resource metadata': [
    (base) => ({ resourceMetadata: { authorization_servers: [base] } }),
    REFUSED,
  ],
  'an authorization server behind a good path': [
    (base) => ({ resourceMetadata: { authorization_servers: [`${base}/tenant/1`] } }),
    REFUSED,
  ],
  'token_endpoint of the server metadata': [(base) => ({ serverMetadata: { token_endpoint: `${base}/t` } }), REFUSED],
  'registration_endpoint of the server metadata': [
    (base) => ({ serverMetadata: { registration_endpoint: `${base}/r` } }),
    REFUSED,
  ],
  'revocation_endpoint of the server metadata': [
    (base) => ({ serverMetadata: { revocation_endpoint: `${base}/v` } }),
    REFUSED,
  ],
  'issuer of the server metadata': [(base) => ({ serverMetadata: { issuer: base } }), /names the issuer/],
  'jwks_uri, introspection, userinfo and the rest of the server metadata': [
    (base) => ({
      serverMetadata: Object.fromEntries(
        [
          'jwks_uri',
          'introspection_endpoint',
          'userinfo_endpoint',
          'service_documentation',
          'op_policy_uri',
          'op_tos_uri',
        ]
          .concat(['device_authorization_endpoint', 'pushed_authorization_request_endpoint', 'end_session_endpoint'])
          .concat(['backchannel_authentication_endpoint', 'check_session_iframe'])
          .map((name) => [name, `${base}/${name}`]),
      ),
    }),
    null,
  ],
  'jwks_uri, logo and policy of the resource metadata': [
    (base) => ({
      resourceMetadata: {
        jwks_uri: `${base}/keys`,
        logo_uri: `${base}/logo.svg`,
        resource_documentation: `${base}/docs`,
        resource_policy_uri: `${base}/policy`,
        resource_tos_uri: `${base}/tos`,
      },
    }),
    null,
  ],
  'a redirect of the resource metadata': [(base) => ({ answer: { resourceMetadata: redirect(`${base}/`) } }), REFUSED],
  'a redirect of the server metadata': [(base) => ({ answer: { serverMetadata: redirect(`${base}/`, 302) } }), REFUSED],
  'a redirect of the registration': [(base) => ({ answer: { registration: redirect(`${base}/`) } }), SENT_ELSEWHERE],
  'a redirect of the token request': [(base) => ({ answer: { token: redirect(`${base}/`, 308) } }), SENT_ELSEWHERE],
  'a redirect of the token request by GET': [
    (base) => ({ answer: { token: redirect(`${base}/`, 303) } }),
    SENT_ELSEWHERE,
  ],
  'a redirect of the revocation': [(base) => ({ answer: { revocation: redirect(`${base}/`) } }), null],
  'a redirect of the MCP endpoint': [(base) => ({ answer: { mcp: redirect(`${base}/mcp`) } }), SENT_ELSEWHERE],
  'an absolute redirect without a scheme': [
    (base) => ({ answer: { mcp: redirect(`//${new URL(base).host}/mcp`) } }),
    SENT_ELSEWHERE,
  ],
  'links beside a challenge': [
    (base) => ({
      challenge: { raw: `Bearer realm="${base}", authorization_uri="${base}/a", resource_metadata_uri="${base}/b"` },
    }),
    null,
  ],
};

/** All that is done with a connector, whatever fails on the way; answers what people were told. */
async function live(url: string): Promise<string> {
  const said: string[] = [];
  const call = async (method: string, path: string, body?: unknown): Promise<any> => {
    const answer = await hub.api(method, path, body);
    said.push(answer.text);
    return answer.body;
  };
  await call('POST', '/api/connectors/probe', { url });
  const made = await call('POST', '/api/connectors', {
    name: newName(),
    url,
    authType: 'oauth',
    credentialMode: 'shared',
  });
  const { connectUrl } = await call('POST', `/api/connectors/${made.id}/connect`, {});
  // Where the provider sends the browser is the browser's affair; the canary counts connections of this process.
  const isOurs = (next: URL): boolean => next.hostname === '127.0.0.1';
  if (connectUrl !== undefined) said.push((await new Browser().follow(connectUrl, (next) => !isOurs(next))).text);
  await call('POST', `/api/connectors/${made.id}/sync`, {});
  await call('GET', `/api/connectors/${made.id}/transcript?limit=200`);
  await call('DELETE', `/api/connectors/${made.id}/credential`);
  await call('POST', `/api/connectors/${made.id}/registration`, {});
  await call('DELETE', `/api/connectors/${made.id}`);
  return said.join('\n').replaceAll('\\"', '"');
}

describe.each(FORBIDDEN)('a provider that points to %s', (base) => {
  test.each(Object.entries(PLACES))('in %s', async (_place, [fault, told]) => {
    const provider: RunningProvider = await startProvider('sentry', { faults: fault(at(base)) });
    try {
      const before = canary.touched;
      const said = await live(provider.mcpUrl);
      expect(canary.touched).toBe(before);
      if (told !== null) expect(said).toMatch(told);
      else expect(said).toContain('"count":14');
    } finally {
      await provider.close();
    }
  });

  test('in the address where a registration is managed', async () => {
    const provider = await startProvider('sentry');
    const body = {
      client_id: 'abc',
      registration_access_token: 'r'.repeat(30),
      registration_client_uri: `${at(base)}/c`,
    };
    provider.faults.answer = {
      registration: { status: 201, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    };
    try {
      const before = canary.touched;
      const said = await live(provider.mcpUrl);
      expect(canary.touched).toBe(before);
      expect(said).toMatch(/registered/);
    } finally {
      await provider.close();
    }
  });

  test('in the endpoint event of HTTP with SSE', async () => {
    const before = canary.touched;
    const server = await miniServer((seen, response) => {
      if (seen.http === 'GET') sse(response, `event: endpoint\ndata: ${at(base)}/messages\n\n`);
      else response.writeHead(405).end();
    });
    const made = await hub.ok('POST', '/api/connectors', { name: newName(), url: server.url, authType: 'none' });
    expect(JSON.stringify(made)).toMatch(/not on its own origin/);
    expect(canary.touched).toBe(before);
  });

  test('in icons, schemas and links of its tools and of itself', async () => {
    const before = canary.touched;
    const link = `${at(base)}/x`;
    const icons = [{ src: link, mimeType: 'image/png' }];
    const server = await miniServer(
      legacy((seen, response) => {
        if (seen.rpc.method === 'initialize') {
          const serverInfo = { name: 'links', version: '1', icons, websiteUrl: link };
          result(response, seen, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo });
        } else if (seen.rpc.method === 'tools/list') {
          const inputSchema = { $schema: link, $id: link, type: 'object', properties: { a: { $ref: link } } };
          result(response, seen, { tools: [tool('linked', { icons, inputSchema, outputSchema: { $ref: link } })] });
        } else return false;
        return true;
      }),
    );
    const made = await hub.ok('POST', '/api/connectors', { name: newName(), url: server.url, authType: 'none' });
    expect(made.tools.count).toBe(1);
    await hub.ok('GET', `/api/connectors/${made.id}/tools`);
    expect(canary.touched).toBe(before);
  });

  test.each([
    ['url', {}],
    ['oauth.issuer', { issuer: true }],
    ['oauth.authorizationEndpoint', { authorizationEndpoint: true }],
    ['oauth.tokenEndpoint', { tokenEndpoint: true }],
    ['oauth.revocationEndpoint', { revocationEndpoint: true }],
  ])('typed in as %s', async (field, given) => {
    const before = canary.touched;
    const link = `${at(base)}/x`;
    const oauth = Object.fromEntries(Object.keys(given).map((name) => [name, link]));
    const url = field === 'url' ? link : 'http://127.0.0.1:2/mcp';
    const body = { name: newName(), url, authType: 'oauth', credentialMode: 'shared', oauth };
    const refusal = { status: 422, body: { code: 'address_refused', field, detail: expect.stringMatching(REFUSED) } };
    expect(await hub.api('POST', '/api/connectors', body)).toMatchObject(refusal);
    const made = await hub.ok('POST', '/api/connectors', { ...body, url: 'http://127.0.0.1:2/mcp', oauth: {} });
    const change = field === 'url' ? { url } : { oauth };
    expect(await hub.api('PATCH', `/api/connectors/${made.id}`, change)).toMatchObject(refusal);
    if (field === 'url') expect(await hub.api('POST', '/api/connectors/probe', { url })).toMatchObject({ status: 422 });
    expect(canary.touched).toBe(before);
  });
});

describe.each(FORBIDDEN)('an identity provider that points to %s', (base) => {
  test.each(['token_endpoint', 'jwks_uri', 'userinfo_endpoint', 'a redirect', 'issuer'])('in %s', async (place) => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    let nonce = '';
    const server = await httpServer(async (request, response) => {
      const json = (body: unknown): void => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      if (place === 'a redirect') return void response.writeHead(302, { location: at(base) }).end();
      if (request.url === '/.well-known/openid-configuration') {
        return json({
          issuer: server.url,
          authorization_endpoint: `${server.url}/authorize`,
          token_endpoint: `${server.url}/token`,
          jwks_uri: `${server.url}/keys`,
          userinfo_endpoint: `${server.url}/me`,
          id_token_signing_alg_values_supported: ['ES256'],
          [place]: at(base),
        });
      }
      if (request.url === '/keys') return json({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] });
      const claims = new SignJWT({ nonce, sub: 'ada', aud: 'chatelaine', iss: server.url });
      const signed = claims.setProtectedHeader({ alg: 'ES256' }).setIssuedAt().setExpirationTime('5 minutes');
      json({ access_token: 'x'.repeat(20), token_type: 'bearer', id_token: await signed.sign(privateKey) });
    });
    const single = await startHub({
      background: false,
      env: {
        CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
        CHATELAINE_OIDC_ISSUER: server.url,
        CHATELAINE_OIDC_CLIENT_ID: 'chatelaine',
      },
    });
    try {
      const before = canary.touched;
      const browser = new Browser();
      const { url } = await browser.follow(`${single.url}/sign-in/oidc/sso`, (next) => next.origin === server.url);
      if (url.origin === server.url) {
        nonce = url.searchParams.get('nonce') ?? '';
        const back = new URLSearchParams({ code: 'c', state: url.searchParams.get('state') ?? '', iss: server.url });
        await browser.get(`${single.url}/sign-in/oidc/sso/callback?${back}`);
      }
      expect([...browser.cookies('127.0.0.1').keys()]).not.toContain('chatelaine_session');
      expect(single.logged.join('\n')).toMatch(/address_refused|metadata_invalid/);
      expect(canary.touched).toBe(before);
    } finally {
      await single.close();
    }
  });
});
