// Tool sync against servers that page, loop, lose sessions, lie and change: S13, S14, F4, F5, F6.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import { type ProviderName, type ProviderOptions, type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

let hub: TestHub;
let provider: RunningProvider;

beforeAll(async () => {
  hub = await startHub();
});
afterAll(async () => {
  await hub?.close();
});
afterEach(async () => {
  await provider?.close();
});

let count = 0;
async function listed(options: ProviderOptions = {}, name: ProviderName = 'render'): Promise<any> {
  provider = await startProvider(name, options);
  return hub.ok('POST', '/api/connectors', { name: `Synced ${++count}`, url: provider.mcpUrl, authType: 'none' });
}
const sync = (id: string) => hub.api('POST', `/api/connectors/${id}/sync`, {});
const get = (id: string): Promise<any> => hub.ok('GET', `/api/connectors/${id}`);

describe('S13 every era, both answer formats', () => {
  test.each(['both', 'modern', 'legacy', '2025-03-26', '2024-11-05'] as const)(
    '%s lists the same tools',
    async (era) => {
      const made = await listed({ era });
      expect(made).toMatchObject({ tools: { count: 24, lastError: null }, server: { reachable: true } });
      expect((await sync(made.id)).body).toMatchObject({ count: 24, added: [], removed: [], changed: [] });
    },
  );

  test('F4 Accept names both formats on every POST', async () => {
    await listed({ era: 'legacy' });
    const posts = provider.requests.filter((request) => request.method === 'POST');
    expect(posts.length).toBeGreaterThan(1);
    for (const post of posts) {
      expect(post.headers.accept).toContain('application/json');
      expect(post.headers.accept).toContain('text/event-stream');
    }
  });

  test('F5 the session id is kept, and a lost session is opened once more', async () => {
    const made = await listed({ era: 'legacy', faults: { sessionRequired: true } });
    expect(made.tools.count).toBe(24);
    provider.faults.lostSession = true;
    expect((await sync(made.id)).body).toMatchObject({ count: 24 });
    expect(provider.faults.lostSession).toBeFalsy();
  });

  test('F6 SSE with comments, CRLF and several data lines is read', async () => {
    const made = await listed({ faults: { awkwardSse: true } });
    expect(made.tools.count).toBe(24);
  });

  test('the protocol is remembered, so that a second listing does not probe again', async () => {
    const made = await listed({ era: 'legacy' });
    provider.clearRequests();
    await sync(made.id);
    expect(provider.requests.some((request) => request.body.includes('server/discover'))).toBe(false);
  });
});

describe('pages', () => {
  test('all pages are read', async () => {
    const made = await listed({ faults: { pageSize: 5 } });
    expect(made.tools.count).toBe(24);
  });

  test.each([
    ['a cursor that repeats', { loopingCursor: true, pageSize: 5 }],
    ['pages without end', { endlessPages: true, pageSize: 5 }],
    ['a page that fails', { failsOnPage: 2, pageSize: 5 }],
  ])('%s is an error and deletes nothing', async (_what, faults) => {
    const made = await listed();
    expect(made.tools.count).toBe(24);
    Object.assign(provider.faults, faults);
    const answer = await sync(made.id);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.body.code).toBe('listing_incomplete');
    expect(await get(made.id)).toMatchObject({ tools: { count: 24, lastError: { code: 'listing_incomplete' } } });
    for (const fault of Object.keys(faults)) delete (provider.faults as Record<string, unknown>)[fault];
    expect((await sync(made.id)).status).toBe(200);
    expect((await get(made.id)).tools.lastError).toBeNull();
  });
});

describe('what is wrong with a listing', () => {
  test('tools with invalid x-mcp-header are dropped and named, the rest stay', async () => {
    const made = await listed({ era: 'modern' });
    provider.faults.invalidHeaderTools = true;
    const { body } = await sync(made.id);
    expect(body.count).toBe(24);
    expect(body.dropped.length).toBeGreaterThan(0);
    for (const dropped of body.dropped)
      expect(dropped).toEqual({ name: expect.any(String), reason: expect.any(String) });
  });

  test('a name listed twice is listed once, and the second is named', async () => {
    const made = await listed();
    provider.faults.duplicateToolNames = true;
    const { body } = await sync(made.id);
    expect(body.count).toBe(24);
    expect(body.dropped).toHaveLength(1);
  });

  test.each([
    ['HTML instead of JSON', { html: { mcp: true } }],
    ['500', { answer: { mcp: { status: 500, body: 'x' } } }],
    ['a dropped connection', { dropBefore: { mcp: 50 } }],
    ['30 MB of padding', { hugeBodyMb: { mcp: 30 } }],
    ['a decompression bomb', { gzipBombMb: { mcp: 400 } }],
    ['a redirect loop', { redirectLoop: { mcp: true } }],
  ])('%s is told as the listing’s own error and the last good snapshot stays', async (_what, faults) => {
    const made = await listed();
    Object.assign(provider.faults, faults);
    const answer = await sync(made.id);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.body.code).toMatch(/^(upstream_|protocol_|listing_)/);
    const after = await get(made.id);
    expect(after.tools).toMatchObject({ count: 24, lastError: { code: answer.body.code } });
  });
});

describe('change', () => {
  test('what was added, removed, changed is told; a vanished tool is kept and its grants return with it', async () => {
    const made = await listed();
    const [first, second] = provider.tools();
    const agent = await hub.ok('POST', '/api/agents', { name: `Holder ${count}` });
    await hub.ok('PUT', `/api/agents/${agent.id}/tools`, { tools: [`mcp__${made.key}__${first?.name}`] });
    provider.setTools((tools) => [
      ...tools.slice(1).map((tool) => (tool.name === second?.name ? { ...tool, description: 'rewritten' } : tool)),
      { ...tools[2], name: 'brand_new' } as never,
    ]);
    expect((await sync(made.id)).body).toMatchObject({
      count: 24,
      added: ['brand_new'],
      removed: [first?.name],
      changed: [second?.name],
    });
    const { items } = await hub.ok('GET', `/api/connectors/${made.id}/tools`);
    expect(items.find((tool: any) => tool.name === first?.name)).toMatchObject({
      state: 'gone',
      goneAt: expect.any(String),
    });
    provider.setTools((tools) => [first as never, ...tools]);
    await sync(made.id);
    const rows = await hub.ok('GET', `/api/agents/${agent.id}/connectors?limit=200`);
    const tools = rows.items.find((row: any) => row.connectorId === made.id).tools;
    expect(tools.filter((tool: any) => tool.granted)).toEqual([
      expect.objectContaining({ name: first?.name, state: 'active' }),
    ]);
  });

  test.each(['modern', 'legacy', '2024-11-05'] as const)(
    'a %s server that says its list changed is listed again by itself',
    async (era) => {
      const made = await listed({ era });
      await until('the hub listens', () =>
        provider.requests.some(
          (request) =>
            (request.method === 'GET' && request.path === '/mcp') || request.body.includes('subscriptions/listen'),
        ),
      );
      await until('the new tool is there', async () => {
        provider.setTools((tools) =>
          tools.some((tool) => tool.name === 'told_of') ? tools : [...tools, { ...tools[0], name: 'told_of' } as never],
        );
        const { items } = await hub.ok('GET', `/api/connectors/${made.id}/tools`);
        return items.some((tool: any) => tool.name === 'told_of');
      });
    },
  );
});

test('three states are apart: a server that is down touches neither credential nor catalogue', async () => {
  provider = await startProvider('render');
  const key = provider.apiKeys?.issue('ada@example.test');
  const made = await hub.ok('POST', '/api/connectors', {
    name: `Apart ${++count}`,
    url: provider.mcpUrl,
    authType: 'bearer',
    credentialMode: 'shared',
    secret: key,
  });
  await provider.close();
  expect((await sync(made.id)).body.code).toMatch(/^upstream_/);
  expect(await get(made.id)).toMatchObject({
    credential: { configured: true, state: 'usable' },
    server: { reachable: false, error: { code: expect.stringMatching(/^upstream_/) } },
    tools: { count: 24, lastError: { code: expect.stringMatching(/^upstream_/) } },
  });
});

test('S16 without a credential of its own an agent is offered nothing', async () => {
  provider = await startProvider('render');
  const made = await hub.ok('POST', '/api/connectors', {
    name: `Own ${++count}`,
    url: provider.mcpUrl,
    authType: 'bearer',
    credentialMode: 'per_agent',
  });
  expect(made.tools.count).toBe(24);
  const [one, two] = [
    await hub.ok('POST', '/api/agents', { name: `One ${count}` }),
    await hub.ok('POST', '/api/agents', { name: `Two ${count}` }),
  ];
  await hub.ok('PUT', `/api/agents/${one.id}/credentials/${made.id}`, {
    secret: provider.apiKeys?.issue('ada@example.test'),
  });
  const row = async (agent: any) =>
    (await hub.ok('GET', `/api/agents/${agent.id}/connectors?limit=200`)).items.find(
      (item: any) => item.connectorId === made.id,
    );
  expect(await row(one)).toMatchObject({ state: 'usable', tools: { length: 24 } });
  expect(await row(two)).toMatchObject({ state: 'secret_required', tools: [] });
});

test('a tool that strangers saw before the first agent came is gone when the server drops it', async () => {
  provider = await startProvider('render');
  const made = await hub.ok('POST', '/api/connectors', {
    name: `Strangers ${++count}`,
    url: provider.mcpUrl,
    authType: 'bearer',
    credentialMode: 'per_agent',
  });
  expect(made.tools.count).toBe(24);
  const agent = await hub.ok('POST', '/api/agents', { name: `Lister ${count}` });
  await hub.ok('PUT', `/api/agents/${agent.id}/credentials/${made.id}`, {
    secret: provider.apiKeys?.issue('ada@example.test'),
  });
  provider.setTools((tools) => tools.slice(1));
  expect((await sync(made.id)).body).toMatchObject({ count: 23, removed: [expect.any(String)] });
});

test('an answer that is not understood is not a server that is down', async () => {
  const made = await listed();
  provider.faults.html = { mcp: true };
  await sync(made.id);
  expect((await get(made.id)).server).toMatchObject({ reachable: true, error: null });
});
