// The ways of being known to an authorization server other than dynamic registration.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';

const METADATA_URL = 'https://hub.example/oauth/client.json';
let hub: TestHub;
let provider: RunningProvider;

beforeAll(async () => {
  hub = await startHub({ env: { CHATELAINE_CLIENT_METADATA_URL: METADATA_URL } });
});
afterAll(async () => {
  await hub?.close();
});
afterEach(async () => {
  await provider?.close();
});

let count = 0;
const create = (more: object = {}): Promise<any> =>
  hub.ok('POST', '/api/connectors', {
    name: `Client ${++count}`,
    url: provider.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
    ...more,
  });

test('a server that accepts Client ID Metadata Documents gets ours, and nothing is registered', async () => {
  provider = await startProvider('sentry', { clientIdMetadataOrigins: { 'https://hub.example': hub.url } });
  const made = await create();
  const end = await hub.connect(made.id);
  expect(end.url.searchParams.get('error')).toBeNull();
  expect(provider.count(/register/, 'POST')).toBe(0);
  expect(await hub.ok('GET', `/api/connectors/${made.id}`)).toMatchObject({
    credential: { state: 'usable' },
    oauth: { registration: 'client_id_metadata_document' },
  });
  await provider.expireAccessTokens();
  expect((await hub.api('POST', `/api/connectors/${made.id}/sync`)).status).toBe(200);
  const forms = provider.requests
    .filter((request) => request.path === '/token')
    .map((request) => new URLSearchParams(request.body));
  expect(forms.length).toBe(2);
  for (const form of forms) {
    expect(form.get('client_id')).toBe(METADATA_URL);
    expect(form.has('client_secret')).toBe(false);
  }
});

test('a client entered by hand comes before every other way, with its secret in exchange, refresh and revocation alike', async () => {
  provider = await startProvider('sentry', { clientIdMetadataOrigins: { 'https://hub.example': hub.url } });
  const { clientId, clientSecret } = await provider.registerClient({ redirectUris: [`${hub.url}/oauth/callback`] });
  const made = await create({ oauth: { clientId, clientSecret } });
  await hub.connect(made.id);
  expect((await hub.ok('GET', `/api/connectors/${made.id}`)).oauth.registration).toBe('pre_registered');
  await provider.expireAccessTokens();
  await hub.ok('POST', `/api/connectors/${made.id}/sync`);
  await hub.api('DELETE', `/api/connectors/${made.id}/credential`);
  const authenticated = provider.requests.filter(
    (request) => request.method === 'POST' && /token|revo/.test(request.path),
  );
  expect(authenticated.length).toBeGreaterThanOrEqual(3);
  for (const request of authenticated) {
    expect(request.headers.authorization).toMatch(/^Basic /);
    expect(request.body).not.toContain('client_secret');
  }
});

test('wrong client credentials are told as such and never registered anew', async () => {
  provider = await startProvider('sentry');
  const { clientId } = await provider.registerClient({ redirectUris: [`${hub.url}/oauth/callback`] });
  const made = await create({ oauth: { clientId, clientSecret: 'not-the-secret' } });
  const end = await hub.connect(made.id);
  expect(end.url.searchParams.get('error')).toBe('client_rejected');
  expect(provider.count(/register/, 'POST')).toBe(0);
});

test('a client entered for one issuer is not tried at another', async () => {
  provider = await startProvider('sentry');
  const made = await create({
    oauth: { clientId: 'for-another', clientSecret: 's', issuer: 'https://issuer.example' },
  });
  const refused = await hub.api('POST', `/api/connectors/${made.id}/connect`);
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(provider.count('/token', 'POST')).toBe(0);
  expect(provider.count('/authorize')).toBe(0);
});

test('client credentials need no browser: the token is fetched when needed, replaced when refused, and its tools are listed', async () => {
  provider = await startProvider('sentry', { clientCredentials: true });
  const { clientId, clientSecret } = await provider.registerClient({ redirectUris: [`${hub.url}/oauth/callback`] });
  const made = await create({ oauth: { grant: 'client_credentials', clientId, clientSecret } });
  expect(made).toMatchObject({ tools: { count: 14, lastError: null }, credential: { state: 'usable' } });
  const form = new URLSearchParams(provider.requests.find((request) => request.path === '/token')?.body);
  expect(form.get('grant_type')).toBe('client_credentials');
  expect(form.get('resource')).toBe(provider.mcpUrl);
  await provider.expireAccessTokens();
  expect((await hub.api('POST', `/api/connectors/${made.id}/sync`)).status).toBe(200);
  expect(provider.count('/token', 'POST')).toBe(2);
  expect((await hub.api('POST', `/api/connectors/${made.id}/connect`)).body.code).toBe('invalid_request');
});

test('a machine whose token was refused asks for another one once its client is entered anew', async () => {
  provider = await startProvider('sentry', { clientCredentials: true });
  const { clientId, clientSecret } = await provider.registerClient({ redirectUris: [`${hub.url}/oauth/callback`] });
  const made = await create({ oauth: { grant: 'client_credentials', clientId, clientSecret } });
  provider.faults.answer = { mcp: { status: 401, headers: { 'www-authenticate': 'Bearer' }, body: '' } };
  const sync = () => hub.api('POST', `/api/connectors/${made.id}/sync`);
  expect((await sync()).body.code).toBe('reauthorization_required');
  delete provider.faults.answer;
  await hub.ok('PATCH', `/api/connectors/${made.id}`, { oauth: { clientSecret } });
  expect((await sync()).status).toBe(200);
});
