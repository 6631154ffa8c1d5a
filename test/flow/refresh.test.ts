// S11 and what goes wrong with tokens: rotation, reuse, forgotten clients, faults of the moment.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

let hub: TestHub;
let provider: RunningProvider;

beforeAll(async () => {
  [hub, provider] = await Promise.all([startHub({ background: false }), startProvider('sentry')]);
});
afterAll(async () => {
  await hub?.close();
  await provider?.close();
});
beforeEach(() => {
  for (const fault of Object.keys(provider.faults)) delete (provider.faults as Record<string, unknown>)[fault];
  provider.clearRequests();
});

let count = 0;
const name = (): string => `Refreshing ${++count}`;
const get = (id: string): Promise<any> => hub.ok('GET', `/api/connectors/${id}`);
const list = (id: string) => hub.api('POST', `/api/connectors/${id}/requests`, { method: 'tools/list' });

/** A connected connector whose access token lives `seconds`; under 300 it is due at once. */
async function connected(seconds: number, more: object = {}): Promise<any> {
  provider.faults.accessTokenSeconds = seconds;
  const made = await hub.ok('POST', '/api/connectors', {
    name: name(),
    url: provider.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
    ...more,
  });
  const end = await hub.connect(made.id);
  expect(end.url.searchParams.get('error')).toBeNull();
  provider.faults.accessTokenSeconds = 3600;
  provider.clearRequests();
  return made;
}
const refreshes = (): number =>
  provider.requests.filter(
    (request) => request.path.endsWith('/token') && request.body.includes('grant_type=refresh_token'),
  ).length;

describe('S11 refresh', () => {
  test('a token with less than five minutes left is refreshed before it is used, once for fifty callers', async () => {
    const made = await connected(200);
    const answers = await Promise.all(Array.from({ length: 50 }, () => list(made.id)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(200));
    expect(refreshes()).toBe(1);
    const form = new URLSearchParams(provider.requests.find((request) => request.path.endsWith('/token'))?.body);
    expect(form.get('resource')).toBe(provider.mcpUrl);
    expect(form.has('scope')).toBe(false);
    expect((await get(made.id)).credential).toMatchObject({ state: 'usable', reason: null });
  });

  test('a token with more left is not', async () => {
    const made = await connected(3600);
    await list(made.id);
    expect(refreshes()).toBe(0);
  });

  test('a refresh token that is not replaced is kept and works again', async () => {
    provider.faults.keepsRefreshToken = true;
    const made = await connected(200);
    provider.faults.accessTokenSeconds = 200;
    expect((await list(made.id)).status).toBe(200);
    await until('it was refreshed twice', async () => {
      expect((await list(made.id)).status).toBe(200);
      return refreshes() >= 2;
    });
    expect((await get(made.id)).credential.refreshable).toBe(true);
  });

  test('a 401 with a token that looks valid re-reads the metadata, refreshes once and serves the call', async () => {
    const made = await connected(3600);
    await provider.expireAccessTokens();
    expect((await list(made.id)).status).toBe(200);
    expect(refreshes()).toBe(1);
    expect(provider.count(/oauth-protected-resource/)).toBeGreaterThan(0);
  });

  test('a token that arrives without expires_in is used until the server refuses it', async () => {
    provider.faults.noExpiresIn = true;
    const made = await connected(3600);
    expect((await get(made.id)).credential).toMatchObject({ expiresAt: null, state: 'usable' });
    await provider.expireAccessTokens();
    expect((await list(made.id)).status).toBe(200);
    expect(refreshes()).toBe(1);
  });

  test('static credentials are never refreshed', async () => {
    const made = await hub.ok('POST', '/api/connectors', {
      name: name(),
      url: provider.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: 'static-secret',
    });
    expect((await list(made.id)).status).toBe(409);
    expect(provider.count(/token/)).toBe(0);
  });
});

describe('what ends a credential, and what does not', () => {
  test('invalid_grant ends it, with the reason and the time, and Connect mends it', async () => {
    const made = await connected(3600);
    await provider.revokeGrants();
    expect(await list(made.id)).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
    const { credential } = await get(made.id);
    expect(credential).toMatchObject({
      state: 'reauthorization_required',
      reason: expect.stringContaining('invalid_grant'),
    });
    expect(Date.parse(credential.stateAt)).toBeGreaterThan(Date.now() - 60_000);
    const sent = refreshes();
    await list(made.id);
    expect(refreshes()).toBe(sent);
    await hub.connect(made.id);
    expect((await get(made.id)).credential.state).toBe('usable');
    expect((await list(made.id)).status).toBe(200);
  });

  test.each([
    ['500', { status: 500, body: 'oops' }],
    ['429', { status: 429, headers: { 'retry-after': '1' }, body: '' }],
    ['HTML', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>login</html>' }],
    ['an empty object', { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' }],
    ['a redirect', { status: 302, headers: { location: 'https://evil.example/' }, body: '' }],
  ])('%s keeps the tokens, and the still valid one goes on serving', async (_what, answer) => {
    const made = await connected(200);
    provider.faults.answer = { token: answer };
    expect((await list(made.id)).status).toBe(200);
    expect((await list(made.id)).status).toBe(200);
    expect(provider.count(/token/)).toBe(1);
    expect((await get(made.id)).credential).toMatchObject({
      configured: true,
      state: 'usable',
      reason: expect.any(String),
    });
  });

  test('a lost answer after rotation ends in the plain demand to connect again, never in a silent loss', async () => {
    const made = await connected(3600);
    await provider.expireAccessTokens();
    provider.faults.dropAfter = { token: 1 };
    expect([409, 502]).toContain((await list(made.id)).status);
    await until('the state tells it', async () => {
      await list(made.id);
      return (await get(made.id)).credential.state === 'reauthorization_required';
    });
    expect((await get(made.id)).credential.reason).toMatch(/interrupted.*invalid_grant/);
  });

  test('a provider that forgot the client says so, and the next Connect registers again', async () => {
    const made = await connected(3600);
    await provider.expireAccessTokens();
    await provider.forgetClients();
    expect(await list(made.id)).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
    expect((await get(made.id)).credential.reason).toMatch(/client/);
    provider.clearRequests();
    await hub.connect(made.id);
    expect(provider.count(/register/, 'POST')).toBe(1);
    expect((await list(made.id)).status).toBe(200);
  });

  test('no refresh token and an expired access token asks for a person', async () => {
    provider.faults.noRefreshToken = true;
    const made = await connected(3600);
    expect((await get(made.id)).credential.refreshable).toBe(false);
    await provider.expireAccessTokens();
    expect(await list(made.id)).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
    const { items } = await hub.ok('GET', `/api/connectors/${made.id}/transcript`);
    expect(items.some((entry: any) => /no refresh token/.test(entry.decision ?? ''))).toBe(true);
  });

  test('403 insufficient_scope is a state of its own with the missing scope; Connect asks for the union', async () => {
    const made = await connected(3600);
    provider.faults.insufficientScope = { scope: 'admin:everything' };
    expect(await list(made.id)).toMatchObject({
      status: 409,
      body: { code: 'needs_scope', scopes: ['admin:everything'] },
    });
    expect(refreshes()).toBe(0);
    const { credential } = await get(made.id);
    expect(credential).toMatchObject({ state: 'needs_scope', missingScope: 'admin:everything', configured: true });
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
    const out = await hub.browser().follow(connectUrl, (next) => next.origin === provider.origin);
    const scope = out.url.searchParams.get('scope')?.split(' ') ?? [];
    expect(scope).toContain('admin:everything');
    for (const granted of (credential.scope ?? '').split(' ').filter(Boolean)) expect(scope).toContain(granted);
  });
});

describe('RFC 8707 policy', () => {
  test('resource is left out everywhere for a provider that refuses it, when the operator says so', async () => {
    provider.faults.refusesResource = true;
    const made = await hub.ok('POST', '/api/connectors', {
      name: name(),
      url: provider.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
      oauth: { resource: 'never' },
    });
    const end = await hub.connect(made.id);
    expect(end.url.searchParams.get('error')).toBeNull();
    await provider.expireAccessTokens();
    expect((await list(made.id)).status).toBe(200);
    for (const request of provider.requests.filter((entry) => /authorize|token/.test(entry.path))) {
      expect(`${request.query}${request.body}`).not.toContain('resource=');
    }
  });
});
