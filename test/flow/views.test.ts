// What pages show of everything at once, on both databases: summaries, the forecast, the list that an agent gets,
// a tool tried as an agent, a sync of all.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CATALOGUE, CATALOGUE_CATEGORIES } from '../../src/hub/catalogue.ts';
import { agentWith, connectRender, modernClient } from '../gateway/agents.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

describe.each(['sqlite', 'postgres'] as const)('views on %s', (kind) => {
  let hub: TestHub;
  let linear: RunningProvider;
  let render: RunningProvider;
  let shared: { id: string; key: string };
  let oauth: { id: string; key: string };
  let agent: { id: string; key: string };
  let tools: string[];

  beforeAll(async () => {
    const env: Record<string, string> =
      kind === 'sqlite' ? {} : { CHATELAINE_DATABASE_URL: await postgres.createDatabase() };
    hub = await startHub({ env, background: false });
    [linear, render] = await Promise.all([
      startProvider('linear', { accessTokenSeconds: 3600 }),
      startProvider('render'),
    ]);
    shared = await connectRender(hub, render);
    oauth = await hub.ok('POST', '/api/connectors', {
      name: 'Linear',
      url: linear.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
    });
    tools = render.tools().map(({ name }) => name);
    agent = await agentWith(
      hub,
      tools.slice(0, 2).map((tool) => `mcp__${shared.key}__${tool}`),
    );
  });
  afterAll(async () => {
    await hub?.close();
    await Promise.all([linear?.close(), render?.close()]);
  });

  const summaryOf = async (id: string) =>
    (await hub.ok('GET', '/api/connectors/summary')).items.find((row: any) => row.id === id);
  const forecastOf = async (id: string) =>
    (await hub.ok('GET', '/api/health/forecast')).items.filter((item: any) => item.connectorId === id);

  test('the row of a connector tells its state, what mends it, who uses it and its day', async () => {
    expect(await summaryOf(oauth.id)).toMatchObject({
      state: 'connect_required',
      action: 'connect',
      tools: { count: 0 },
      agents: { granted: 0, connected: null },
      calls: { total: 0, errors: 0 },
    });
    const client = modernClient(`${hub.url}/mcp`, agent.key);
    await client.request('tools/call', { name: `${shared.key}__${tools[0]}`, arguments: {} });
    const { hours } = await hub.ok('GET', '/api/connectors/summary');
    expect(hours).toHaveLength(24);
    const row = await until('the call is in the sums', async () => {
      const found = await summaryOf(shared.id);
      return found.calls.total > 0 && found;
    });
    expect(row).toMatchObject({
      state: 'usable',
      reason: null,
      action: null,
      tools: { count: tools.length, changesWaiting: 0 },
      agents: { granted: 1 },
    });
    expect(row.calls.series.calls).toHaveLength(24);
    expect(row.calls.series.calls.at(-1) + row.calls.series.calls.at(-2)).toBe(1);
  });

  test('the row of an agent tells what it can use, its keys and its calls', async () => {
    const { items } = await hub.ok('GET', '/api/agents/summary');
    expect(items.find((row: any) => row.id === agent.id)).toMatchObject({
      connectors: { granted: 1, usable: 1, needing: 0 },
      tools: 2,
      keys: 1,
      lastCallAt: expect.any(String),
      calls: { total: 1 },
    });
  });

  test('the forecast tells of what was never connected, and of a token that nobody can renew', async () => {
    const waits = (await forecastOf(oauth.id))[0];
    expect(waits).toMatchObject({
      kind: 'needs_person',
      severity: 'notice',
      agentId: null,
      action: { kind: 'connect', connectorId: oauth.id },
    });
    linear.faults.noRefreshToken = true;
    await hub.connect(oauth.id);
    const [ends] = await forecastOf(oauth.id);
    expect(ends).toMatchObject({ kind: 'no_refresh_token', severity: 'error', action: { kind: 'reconnect' } });
    expect(Date.parse(ends.at)).toBeGreaterThan(Date.now());
    delete linear.faults.noRefreshToken;
    await hub.connect(oauth.id);
    expect(await forecastOf(oauth.id)).toEqual([]);

    const detail = await hub.ok('GET', `/api/connectors/${oauth.id}`);
    expect(detail.consent).toMatchObject({ by: 'admin', registration: 'dynamic', refreshFailures: 0 });
    expect(Date.parse(detail.consent.nextRefreshAt)).toBeLessThan(Date.parse(detail.credential.expiresAt));
  });

  test('a changed tool and a server that is away are foretold, since when, and as metrics', async () => {
    render.setTools((all) => all.map((tool, i) => (i === 0 ? { ...tool, description: 'Rewritten.' } : tool)));
    await hub.ok('POST', `/api/connectors/${shared.id}/sync`, {});
    expect(await forecastOf(shared.id)).toEqual([
      expect.objectContaining({
        kind: 'tool_changes_waiting',
        severity: 'notice',
        action: expect.objectContaining({ kind: 'review' }),
      }),
    ]);
    expect(await summaryOf(shared.id)).toMatchObject({ tools: { changesWaiting: 1 } });

    const gone = await startProvider('render');
    const away = await connectRender(hub, gone);
    await gone.close();
    await hub.api('POST', `/api/connectors/${away.id}/sync`, {});
    const [first] = await forecastOf(away.id);
    expect(first).toMatchObject({ kind: 'server_unreachable', severity: 'error', action: { kind: 'sync' } });
    await hub.api('POST', `/api/connectors/${away.id}/sync`, {});
    expect((await forecastOf(away.id))[0].at).toBe(first.at);
    expect(await summaryOf(away.id)).toMatchObject({ state: 'error', reachable: false, action: 'sync' });

    const metrics = (await hub.api('GET', '/metrics', undefined, null)).text;
    expect(metrics).toContain(
      `chatelaine_forecast_items{kind="server_unreachable",severity="error",connector="${away.key}"} 1`,
    );
    await hub.api('DELETE', `/api/connectors/${away.id}`);
  });

  test('what an agent is offered is word for word what it gets, with its length', async () => {
    const offered = await hub.ok('GET', `/api/agents/${agent.id}/offered`);
    const { answer } = await modernClient(`${hub.url}/mcp`, agent.key).request('tools/list');
    const got = answer.result.tools;
    expect(offered.items.map((item: any) => item.name)).toEqual(got.map((tool: any) => tool.name));
    expect(offered.items[0]).toMatchObject({
      connectorId: shared.id,
      tool: tools[0],
      state: 'usable',
      nameLength: `${shared.key}__${tools[0]}`.length,
      characters: JSON.stringify(got[0]).length,
    });
    expect(offered).toMatchObject({
      count: 2,
      characters: JSON.stringify(got).length,
      tokens: Math.ceil(JSON.stringify(got).length / 4),
    });
  });

  test('a tool is tried as the agent: what it was not granted, it may not be tried with', async () => {
    const ask = (tool: string) => hub.api('POST', `/api/agents/${agent.id}/try`, { connectorId: shared.id, tool });
    const done = await ask(tools[0] ?? '');
    expect(done).toMatchObject({ status: 200, body: { resultType: 'complete', durationMs: expect.any(Number) } });
    expect(await ask(tools[3] ?? '')).toMatchObject({ status: 403, body: { code: 'forbidden', field: 'tool' } });
    await hub.ok('PATCH', `/api/agents/${agent.id}`, { enabled: false });
    expect((await ask(tools[0] ?? '')).status).toBe(403);
    expect((await hub.ok('GET', `/api/agents/${agent.id}/offered`)).items).toEqual([]);
    await hub.ok('PATCH', `/api/agents/${agent.id}`, { enabled: true });
  });

  test('the agents of a connector are told with their state and their own credential', async () => {
    const own = await hub.ok('POST', '/api/connectors', {
      name: 'Own',
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'per_agent',
    });
    const other = await agentWith(hub, []);
    await hub.ok('PUT', `/api/agents/${agent.id}/credentials/${own.id}`, {
      secret: render.apiKeys?.issue('eve@example.test'),
    });
    await hub.ok('PUT', `/api/agents/${agent.id}/connectors/${own.id}`, { allTools: true });
    const { items } = await hub.ok('GET', `/api/connectors/${own.id}/agents`);
    expect(items.find((row: any) => row.agentId === agent.id)).toMatchObject({
      state: 'usable',
      allTools: true,
      credential: { configured: true },
    });
    expect(items.find((row: any) => row.agentId === other.id)).toMatchObject({
      state: 'secret_required',
      allTools: false,
      credential: null,
    });
    await hub.ok('PUT', `/api/agents/${other.id}/connectors/${own.id}`, { allTools: true });
    expect(await forecastOf(own.id)).toEqual([
      expect.objectContaining({ kind: 'needs_person', severity: 'warning', agentId: other.id }),
    ]);
    await hub.api('DELETE', `/api/connectors/${own.id}`);
  });

  test('a sync of all runs in the background and says how it ended', async () => {
    const never = await hub.ok('POST', '/api/connectors', {
      name: 'Never connected',
      url: linear.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
    });
    const started = await hub.api('POST', '/api/sync');
    expect(started).toMatchObject({ status: 202, body: { running: true, total: 3 } });
    const ended = await until('the end of the sync', async () => {
      const run = await hub.ok('GET', '/api/sync');
      return !run.running && run;
    });
    expect(ended).toMatchObject({ total: 3, done: 3, failed: 0, finishedAt: expect.any(String) });
    await hub.api('DELETE', `/api/connectors/${never.id}`);
  });

  test('the hub tells what it is, and that every secret opens', async () => {
    expect(await hub.ok('GET', '/api/about')).toMatchObject({ database: kind, baseUrl: hub.url });
    expect((await hub.ok('GET', '/api/keys')).unreadable).toBe(0);
  });
});

test('the catalogue holds the four of the demo and at least twenty more, each whole and once', () => {
  expect(CATALOGUE.length).toBeGreaterThanOrEqual(24);
  expect(CATALOGUE.slice(0, 4).map(({ id }) => id)).toEqual(['linear', 'sentry', 'granola', 'render']);
  for (const field of ['id', 'name', 'url'] as const)
    expect(new Set(CATALOGUE.map((each) => each[field])).size).toBe(CATALOGUE.length);
  for (const each of CATALOGUE) {
    expect(new URL(each.url).protocol).toBe('https:');
    expect(new URL(each.docsUrl).protocol).toBe('https:');
    expect(CATALOGUE_CATEGORIES).toContain(each.category);
    expect(['none', 'bearer', 'oauth']).toContain(each.authType);
    expect(each.credentialMode === null).toBe(each.authType === 'none');
    expect(each.description).not.toBe('');
  }
});
