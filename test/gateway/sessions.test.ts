// Sessions of agents on the older revisions, which live in their ids: on every replica, after a restart, and
// after the server behind forgot its own; and the streams that tell of changes.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FixtureServer } from '../../conformance/fixtures/server.ts';
import { startFixtures } from '../../conformance/fixtures/server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import {
  type Agent,
  agentWith,
  connectRender,
  connectTo,
  envelope,
  LEGACY,
  legacyClient,
  MODERN,
  post,
} from './agents.ts';

let hub: TestHub;
let replica: TestHub;
let legacy: RunningProvider;
let modern: RunningProvider;
let fixtures: FixtureServer;
let connectors: Record<'legacy' | 'modern' | 'fixtures', { id: string; key: string }>;
let agent: Agent;

beforeAll(async () => {
  hub = await startHub();
  replica = await startHub({ folder: hub.folder, beside: true });
  [legacy, modern, fixtures] = await Promise.all([
    startProvider('render', { era: 'legacy' }),
    startProvider('render', { era: 'modern' }),
    startFixtures('legacy'),
  ]);
  connectors = {
    legacy: await connectRender(hub, legacy),
    modern: await connectRender(hub, modern),
    fixtures: await connectTo(hub, fixtures.url),
  };
  const names = ['legacy', 'modern'].map((each) => connectors[each as 'legacy'].key);
  agent = await agentWith(hub, [
    ...names.map((key) => `mcp__${key}__list_workspaces`),
    `mcp__${connectors.fixtures.key}__test_elicitation`,
  ]);
});
afterAll(async () => {
  await replica?.close();
  await hub?.close();
  await Promise.all([legacy, modern, fixtures].map((server) => server?.close()));
});

const list = { name: 'list_workspaces', arguments: {} };
const session = (id: string | null, version: string) => ({
  'mcp-session-id': id ?? '',
  'mcp-protocol-version': version,
});

describe.each(['legacy', 'modern'] as const)('with a %s server', (era) => {
  test.each(LEGACY)('a session of %s goes on at another replica', async (version) => {
    const path = `/mcp/${connectors[era].key}`;
    const client = await legacyClient(`${hub.url}${path}`, agent.key, version);
    expect((await client.request('tools/call', list)).answer.result.isError).toBeUndefined();
    const body = { jsonrpc: '2.0', id: 9, method: 'tools/call', params: list };
    const elsewhere = await post(`${replica.url}${path}`, agent.key, body, session(client.sessionId, version));
    expect(elsewhere.status).toBe(200);
    expect(await elsewhere.text()).toContain('ada@example.test');
  });
});

test('two replicas speak in one and the same session of the server', async () => {
  const path = `/mcp/${connectors.legacy.key}`;
  const client = await legacyClient(`${hub.url}${path}`, agent.key, '2025-11-25');
  legacy.clearRequests();
  const body = { jsonrpc: '2.0', id: 9, method: 'tools/call', params: list };
  await client.request('tools/call', list);
  await (await post(`${replica.url}${path}`, agent.key, body, session(client.sessionId, '2025-11-25'))).text();
  const ids = legacy.requests.map(({ headers }) => headers['mcp-session-id']);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).not.toBe(client.sessionId);
});

test('a session that the server lost is begun anew, once, unseen by the agent', async () => {
  const client = await legacyClient(`${hub.url}/mcp/${connectors.legacy.key}`, agent.key, '2025-11-25');
  legacy.faults.lostSession = true;
  legacy.clearRequests();
  const { status, answer } = await client.request('tools/call', list);
  expect(status).toBe(200);
  expect(answer.result.isError).toBeUndefined();
  const methods = legacy.requests.map(({ body }) => JSON.parse(body).method);
  expect(methods).toEqual(['tools/call', 'initialize', 'notifications/initialized', 'tools/call']);
});

test('a session ends with DELETE, for good', async () => {
  const url = `${hub.url}/mcp/${connectors.legacy.key}`;
  const client = await legacyClient(url, agent.key, '2025-11-25');
  const headers = { authorization: `Bearer ${agent.key}`, ...session(client.sessionId, '2025-11-25') };
  expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(204);
  expect((await client.request('ping')).status).toBe(404);
  expect((await client.request('tools/call', list)).status).toBe(404);
});

test.each([
  ['made up', 'never-issued', 404],
  ['missing', null, 400],
])('a session id that is %s is refused', async (_what, id, status) => {
  const headers: Record<string, string> = id === null ? {} : { 'mcp-session-id': id };
  const response = await post(`${hub.url}/mcp`, agent.key, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, headers);
  expect(response.status).toBe(status);
});

test('an agent of 2025-03-26 may send several messages at once, and no other may', async () => {
  for (const era of ['legacy', 'modern'] as const) {
    const url = `${hub.url}/mcp/${connectors[era].key}`;
    const batch = [
      { jsonrpc: '2.0', id: 'a', method: 'tools/list' },
      { jsonrpc: '2.0', method: 'notifications/roots/list_changed' },
      { jsonrpc: '2.0', id: 'b', method: 'tools/call', params: list },
      { jsonrpc: '2.0', id: 'c', method: 'no/such/method' },
    ];
    const client = await legacyClient(url, agent.key, '2025-03-26');
    const answered = await post(url, agent.key, batch, session(client.sessionId, '2025-03-26'));
    const answers = (await answered.json()) as { id: string; result?: object; error?: { code: number } }[];
    expect(answers.map(({ id, error }) => [id, error?.code])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', -32601],
    ]);
    const newer = await legacyClient(url, agent.key, '2025-11-25');
    expect((await post(url, agent.key, batch, session(newer.sessionId, '2025-11-25'))).status).toBe(400);
  }
});

test('a session of one endpoint is none at another', async () => {
  const client = await legacyClient(`${hub.url}/mcp`, agent.key, '2025-11-25');
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const other = `${hub.url}/mcp/${connectors.legacy.key}`;
  expect((await post(other, agent.key, body, session(client.sessionId, '2025-11-25'))).status).toBe(404);
});

describe('a change of what is granted is told', () => {
  /** Reads events until one of `method` comes. */
  const heard = async (response: Response, method: string, meanwhile: () => Promise<unknown>): Promise<string> => {
    let text = '';
    let isChanged = false;
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk);
      if (text.includes(method)) return text;
      if (!isChanged) await meanwhile();
      isChanged = true;
    }
    return text;
  };

  test('on the listening stream of an older agent', async () => {
    const other = await agentWith(hub, [`mcp__${connectors.modern.key}__list_workspaces`]);
    const client = await legacyClient(`${hub.url}/mcp`, other.key, '2025-11-25');
    const leaving = new AbortController();
    const headers = {
      accept: 'text/event-stream',
      authorization: `Bearer ${other.key}`,
      ...session(client.sessionId, '2025-11-25'),
    };
    const stream = await fetch(`${hub.url}/mcp`, { headers, signal: leaving.signal });
    // The other replica makes the change; this one's stream tells of it.
    const change = () => replica.ok('PUT', `/api/agents/${other.id}/tools`, { tools: [] });
    expect(await heard(stream, 'notifications/tools/list_changed', change)).toContain('list_changed');
    leaving.abort();
  });

  test('on the subscription of a modern agent', async () => {
    const other = await agentWith(hub, [`mcp__${connectors.modern.key}__list_workspaces`]);
    const body = {
      jsonrpc: '2.0',
      id: 'sub-1',
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true }, _meta: envelope() },
    };
    const leaving = new AbortController();
    const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'subscriptions/listen' };
    const stream = await post(`${hub.url}/mcp`, other.key, body, headers, leaving.signal);
    const change = () => hub.ok('PUT', `/api/agents/${other.id}/tools`, { tools: [] });
    const text = await heard(stream, 'notifications/tools/list_changed', change);
    expect(text.indexOf('subscriptions/acknowledged')).toBeLessThan(text.indexOf('list_changed'));
    expect(text.match(/"io.modelcontextprotocol\/subscriptionId":"sub-1"/g)).toHaveLength(2);
    leaving.abort();
  });
});

describe.each(['legacy', 'modern'] as const)('the official client, against a %s server', (era) => {
  test.each(['auto', 'legacy'] as const)('in its mode %s lists and calls', async (mode) => {
    const client = new Client({ name: 'official', version: '1' }, { versionNegotiation: { mode } });
    const requestInit = { headers: { authorization: `Bearer ${agent.key}` } };
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${hub.url}/mcp/${connectors[era].key}`), { requestInit }),
    );
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['list_workspaces']);
    const called = await client.callTool({ name: 'list_workspaces', arguments: {} });
    expect(called.structuredContent).toMatchObject({ whoami: { account: 'ada@example.test' } });
    await client.close();
  });
});
