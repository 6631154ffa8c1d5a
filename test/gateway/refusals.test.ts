// Who is let in, to what, and how the rest is refused (RFC 6750, RFC 9728; MCP 2026-07-28 header rules).

import { request as rawRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { miniServer, modern, result, tool } from '../mcp/mini-server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';
import {
  type Agent,
  agentWith,
  connectRender,
  connectTo,
  envelope,
  legacyClient,
  MODERN,
  modernClient,
  post,
  read,
} from './agents.ts';

let hub: TestHub;
let render: RunningProvider;
let connector: { id: string; key: string };
let agent: Agent;

beforeAll(async () => {
  [hub, render] = await Promise.all([startHub(), startProvider('render', { era: 'modern' })]);
  connector = await connectRender(hub, render);
  agent = await agentWith(hub, [`mcp__${connector.key}__list_workspaces`]);
});
afterAll(async () => {
  await hub?.close();
  await render?.close();
});

const call = (params: Record<string, unknown> = {}, method = 'tools/list') => ({
  jsonrpc: '2.0',
  id: 7,
  method,
  params: { ...params, _meta: envelope() },
});
const headers = (method = 'tools/list') => ({ 'mcp-protocol-version': MODERN, 'mcp-method': method });

describe('an agent key', () => {
  test.each([
    ['none', null],
    ['a wrong one', 'chla_0000000000000000000000000000000000000000000'],
  ])('%s is answered with 401 and where the metadata is', async (_what, key) => {
    for (const path of ['/mcp', `/mcp/${connector.key}`, '/mcp/unknown']) {
      const response = await post(`${hub.url}${path}`, key, call(), headers());
      expect(response.status).toBe(401);
      const challenge = response.headers.get('www-authenticate') ?? '';
      const metadata = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
      expect(metadata).toBe(`${hub.url}/.well-known/oauth-protected-resource${path}`);
      const document = await fetch(metadata);
      expect(document.status).toBe(200);
      expect(await document.json()).toMatchObject({ resource: `${hub.url}${path}` });
      expect(challenge.includes('invalid_token')).toBe(key !== null);
    }
  });

  test('stops working when it is deleted, and so does a session that was begun with it', async () => {
    const other = await agentWith(hub, [`mcp__${connector.key}__list_workspaces`]);
    const client = await legacyClient(`${hub.url}/mcp`, other.key, '2025-11-25');
    expect((await client.request('tools/list')).status).toBe(200);
    const { items } = await hub.ok('GET', `/api/agents/${other.id}/keys`);
    await hub.api('DELETE', `/api/agents/${other.id}/keys/${items[0].id}`);
    expect((await client.request('tools/list')).status).toBe(401);
  });
});

test('a connector without any grant looks like one that does not exist', async () => {
  const hidden = await connectRender(hub, render);
  const answers = await Promise.all(
    [hidden.key, 'never_made'].map(async (key) =>
      read(await post(`${hub.url}/mcp/${key}`, agent.key, call(), headers())),
    ),
  );
  expect(answers[0]?.status).toBe(404);
  expect(answers[0]?.answer).toEqual(answers[1]?.answer);
});

test('a tool that is unticked is gone from the list and cannot be called', async () => {
  const other = await agentWith(hub, [`mcp__${connector.key}__list_workspaces`, `mcp__${connector.key}__get_service`]);
  const client = modernClient(`${hub.url}/mcp/${connector.key}`, other.key);
  expect((await client.request('tools/list')).answer.result.tools).toHaveLength(2);
  await hub.ok('PUT', `/api/agents/${other.id}/tools`, { tools: [`mcp__${connector.key}__list_workspaces`] });
  expect((await client.request('tools/list')).answer.result.tools).toHaveLength(1);
  render.clearRequests();
  expect((await client.request('tools/call', { name: 'get_service', arguments: {} })).answer.error?.code).toBe(-32602);
  expect(render.count('/mcp')).toBe(0);
});

describe('a modern request', () => {
  const send = async (body: unknown, more: Record<string, string>) =>
    read(await post(`${hub.url}/mcp`, agent.key, body, more));

  test.each([
    ['another method in the header', call(), { ...headers(), 'mcp-method': 'tools/call' }, 400, -32020],
    ['no method in the header', call(), { 'mcp-protocol-version': MODERN }, 400, -32020],
    ['no version in the header', call(), { 'mcp-method': 'tools/list' }, 400, -32020],
    ['another version in the header', call(), { ...headers(), 'mcp-protocol-version': '2025-11-25' }, 400, -32020],
    [
      'another name in the header',
      call({ name: 'a' }, 'tools/call'),
      { ...headers('tools/call'), 'mcp-name': 'b' },
      400,
      -32020,
    ],
    ['no envelope', { jsonrpc: '2.0', id: 7, method: 'tools/list' }, headers(), 400, -32602],
    ['an unknown method', call({}, 'tools/burn'), headers('tools/burn'), 404, -32601],
    ['initialize', call({}, 'initialize'), headers('initialize'), 404, -32601],
    ['no JSON', '{"jsonrpc":', headers(), 400, -32700],
    ['no JSON-RPC', { id: 7 }, headers(), 400, -32600],
  ])('with %s is refused', async (_what, body, more, status, code) => {
    const { status: answered, answer } = await send(body, more as Record<string, string>);
    expect([answered, answer.error?.code]).toEqual([status, code]);
  });

  test('of a revision that nobody speaks is told which are spoken', async () => {
    const body = call();
    Object.assign(body.params._meta as object, { 'io.modelcontextprotocol/protocolVersion': '2099-01-01' });
    const said = await send(body, { ...headers(), 'mcp-protocol-version': '2099-01-01' });
    expect(said.status).toBe(400);
    expect(said.answer).toMatchObject({
      id: 7,
      error: { code: -32022, data: { supported: [MODERN], requested: '2099-01-01' } },
    });
  });

  test('larger than 4 MiB is refused, just under it is not', async () => {
    const big = (bytes: number) => call({ padding: 'x'.repeat(bytes) });
    expect((await send(big(4 * 1024 * 1024), headers())).status).toBe(413);
    expect((await send(big(4 * 1024 * 1024 - 1_000), headers())).status).toBe(200);
  });

  test('from the page of another site, or for another host, is refused', async () => {
    expect(
      (await post(`${hub.url}/mcp`, agent.key, call(), { ...headers(), origin: 'https://evil.example' })).status,
    ).toBe(403);
    const status = await new Promise<number>((resolve, reject) => {
      const sent = rawRequest(`${hub.url}/mcp`, { method: 'POST', headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', reject).end();
    });
    expect(status).toBe(421);
  });
});

describe('calls beyond a limit', () => {
  test('are answered with 429 and when to come back', async () => {
    const other = await agentWith(hub, [`mcp__${connector.key}__list_workspaces`]);
    await hub.ok('PATCH', `/api/agents/${other.id}`, { limits: { callsPerMinute: 2 } });
    const client = modernClient(`${hub.url}/mcp/${connector.key}`, other.key);
    const call = () => client.request('tools/call', { name: 'list_workspaces', arguments: {} });
    expect([(await call()).status, (await call()).status]).toEqual([200, 200]);
    const refused = await call();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // Listing costs the server nothing and is not counted.
    expect((await client.request('tools/list')).status).toBe(200);
  });

  test('of a connector are answered likewise, and a call that takes too long is given up', async () => {
    const waiting: (() => void)[] = [];
    const server = await miniServer(
      modern((seen, response) => {
        if (seen.rpc.method === 'tools/list') result(response, seen, { resultType: 'complete', tools: [tool('slow')] });
        else if (seen.rpc.method === 'tools/call') waiting.push(() => result(response, seen, { content: [] }));
        else return false;
        return true;
      }),
    );
    const slow = await connectTo(hub, server.url);
    await hub.ok('PATCH', `/api/connectors/${slow.id}`, { limits: { callsInFlight: 1, timeoutSeconds: 1 } });
    const other = await agentWith(hub, [`mcp__${slow.key}__slow`]);
    const client = modernClient(`${hub.url}/mcp/${slow.key}`, other.key);
    const call = () => client.request('tools/call', { name: 'slow', arguments: {} });
    const first = call();
    await until('the first call is at the server', () => waiting.length === 1);
    expect((await call()).status).toBe(429);
    const late = await first;
    expect(late.answer.result).toMatchObject({ isError: true });
    expect(late.answer.result.content[0].text).toContain('within 1 s');
    // Whoever is given up makes room.
    const second = call();
    await until('the next call is at the server', () => waiting.length === 2);
    waiting[1]?.();
    expect((await second).answer.result).toMatchObject({ content: [] });
  });
});

test('each call is in the call log with its outcome, and with no argument or result', async () => {
  const other = await agentWith(hub, [`mcp__${connector.key}__list_workspaces`, `mcp__${connector.key}__get_service`]);
  const client = modernClient(`${hub.url}/mcp/${connector.key}`, other.key);
  await client.request('tools/call', { name: 'list_workspaces', arguments: { secretArgument: 'very-secret' } });
  await client.request('tools/call', { name: 'get_service', arguments: {} });
  const older = await legacyClient(`${hub.url}/mcp`, other.key, '2025-11-25');
  await older.request('tools/call', { name: `${connector.key}__list_workspaces`, arguments: {} });
  const calls = await until('the calls are written', async () => {
    const { items } = await hub.ok('GET', `/api/calls?agentId=${other.id}`);
    return items.length === 3 ? items : null;
  });
  const seen = calls.map((each: Record<string, unknown>) => [each.toolName, each.outcome, each.era]);
  expect(seen.toSorted()).toEqual([
    ['get_service', 'tool_error', 'modern'],
    ['list_workspaces', 'ok', 'legacy'],
    ['list_workspaces', 'ok', 'modern'],
  ]);
  expect(
    calls.every((each: { credentialId: string; bytesOut: number }) => each.credentialId && each.bytesOut > 0),
  ).toBe(true);
  expect(JSON.stringify(calls)).not.toContain('secret');
});
