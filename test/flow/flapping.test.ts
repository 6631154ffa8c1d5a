// A server that refuses for a while what it accepted before: its verdict is not the authorization server's, and when it
// comes to its senses nobody has to sign in again.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { type Embedded, ME, startEmbedded } from '../support/embedded.ts';
import { ADMIN_TOKEN } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';

const MINUTE = 60_000;
let hub: Embedded;
let provider: RunningProvider;

beforeEach(async () => {
  [hub, provider] = await Promise.all([startEmbedded({ adminToken: ADMIN_TOKEN }), startProvider('sentry')]);
});
afterEach(async () => {
  await hub.close();
  await provider.close();
});

async function connected(): Promise<string> {
  const fields = { name: 'Flapping', url: provider.mcpUrl, authType: 'oauth', credentialMode: 'shared' } as const;
  const { id } = await hub.hub.connectors.create(fields, ME);
  await new Browser().follow((await hub.hub.connectors.connect(id, { agentId: null, returnTo: null }, ME)).connectUrl);
  expect(await list(id)).toBe(200);
  provider.clearRequests();
  return id;
}
async function list(id: string): Promise<number> {
  const response = await fetch(`${hub.url}/api/connectors/${id}/requests`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ method: 'tools/list' }),
  });
  await response.text();
  return response.status;
}
const state = async (id: string) => (await hub.hub.connectors.get(id)).credential;
const refreshes = (): number => provider.count('/token', 'POST');
const refuses = (): void => {
  provider.faults.answer = { mcp: { status: 401, headers: { 'www-authenticate': 'Bearer' }, body: '' } };
};
const accepts = (): void => {
  delete provider.faults.answer;
};

describe('a server that refuses every token for a while', () => {
  test('is asked again after a pause, and its credential is usable as soon as it accepts it', async () => {
    const id = await connected();
    refuses();
    expect(await list(id)).toBe(409);
    expect(await state(id)).toMatchObject({
      state: 'reauthorization_required',
      reason: expect.stringContaining('refuses even a fresh access token'),
    });
    accepts();
    // Not at once: whoever calls meanwhile is told at once, and the server left alone.
    provider.clearRequests();
    expect(await list(id)).toBe(409);
    expect(provider.requests).toEqual([]);
    hub.clock.ahead = 1 * MINUTE;
    expect(await list(id)).toBe(200);
    expect(await state(id)).toMatchObject({ state: 'usable', reason: null });
    expect(await list(id)).toBe(200);
  });

  test('is asked less and less often while it goes on refusing, and no agent waits for it', async () => {
    const id = await connected();
    refuses();
    await list(id);
    const asked: number[] = [];
    for (let second = 0; second < 3_600; second += 5) {
      hub.clock.ahead = second * 1_000;
      provider.clearRequests();
      await list(id);
      if (provider.requests.length > 0) asked.push(second);
    }
    const gaps = asked.slice(1).map((second, index) => second - (asked[index] ?? 0));
    expect(asked.length).toBeLessThan(12);
    expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
    const { items } = await hub.hub.audit.list({}, { limit: 200 });
    expect(items.filter(({ action }) => action === 'credential.reauthorization_required').length).toBeLessThan(2);
  });

  test('is asked by one of many that call at the same time', async () => {
    const id = await connected();
    refuses();
    await list(id);
    provider.clearRequests();
    hub.clock.ahead = 1 * MINUTE;
    await list(id);
    const asOne = provider.requests.length;
    expect(asOne).toBeGreaterThan(0);
    provider.clearRequests();
    hub.clock.ahead = 30 * MINUTE;
    const statuses = await Promise.all(Array.from({ length: 20 }, () => list(id)));
    expect(statuses).toEqual(Array.from({ length: 20 }, () => 409));
    expect(provider.requests.length).toBe(asOne);
  });

  test('while the access token runs out: it is renewed then, and serves', async () => {
    const id = await connected();
    refuses();
    await list(id);
    accepts();
    hub.clock.ahead = 120 * MINUTE;
    const before = refreshes();
    expect(await list(id)).toBe(200);
    expect(refreshes()).toBe(before + 1);
    expect((await state(id)).state).toBe('usable');
  });

  test('and whose authorization was withdrawn meanwhile: that is final', async () => {
    const id = await connected();
    refuses();
    await list(id);
    accepts();
    await provider.revokeGrants();
    hub.clock.ahead = 1 * MINUTE;
    expect(await list(id)).toBe(409);
    expect((await state(id)).reason).toContain('invalid_grant');
    provider.clearRequests();
    hub.clock.ahead = 600 * MINUTE;
    expect(await list(id)).toBe(409);
    expect(provider.requests).toEqual([]);
  });
});

test('a token that cannot be renewed is tried again too', async () => {
  provider.faults.noRefreshToken = true;
  const id = await connected();
  refuses();
  expect(await list(id)).toBe(409);
  expect((await state(id)).state).toBe('reauthorization_required');
  accepts();
  hub.clock.ahead = 1 * MINUTE;
  expect(await list(id)).toBe(200);
  expect(await state(id)).toMatchObject({ state: 'usable', reason: null });
});

test('a secret that was refused once is told to be usable after the first call that it opened', async () => {
  const render = await startProvider('render');
  try {
    const { id } = await hub.hub.connectors.create(
      {
        name: 'Static',
        url: render.mcpUrl,
        authType: 'bearer',
        credentialMode: 'shared',
        secret: render.apiKeys?.issue('ada@example.test') ?? '',
      },
      ME,
    );
    render.faults.answer = { mcp: { status: 401, body: '' } };
    expect(await list(id)).toBe(409);
    delete render.faults.answer;
    expect(await list(id)).toBe(200);
    expect((await state(id)).state).toBe('usable');
  } finally {
    await render.close();
  }
});

test('a server that names another authorization server for a moment, and the old one again, is believed both times', async () => {
  const next = await startProvider('granola');
  try {
    const id = await connected();
    provider.faults.answer = { mcp: { status: 401, headers: { 'www-authenticate': 'Bearer' }, body: '' } };
    provider.faults.resourceMetadata = { authorization_servers: [next.issuer] };
    expect(await list(id)).toBe(409);
    expect((await state(id)).reason).toContain(next.issuer);
    delete provider.faults.resourceMetadata;
    accepts();
    hub.clock.ahead = 1 * MINUTE;
    expect(await list(id)).toBe(200);
    expect(await state(id)).toMatchObject({ state: 'usable', reason: null });
    expect(refreshes()).toBe(0);
    for (const request of next.requests) expect(request.path).toContain('.well-known');
  } finally {
    await next.close();
  }
});
