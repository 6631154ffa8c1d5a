// Tasks of servers, and servers that speak both eras: what is passed on, to whom, in which dialect.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { legacy, type MiniServer, miniServer, modern, result, type Seen, tool } from '../mcp/mini-server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { agentWith, connectTo, legacyClient, modernClient } from './agents.ts';

const TASKS = 'io.modelcontextprotocol/tasks';
let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub?.close());

const tools = (more: object = {}) => ({ tools: [tool('build')], ...more });

function modernTasks(): Promise<MiniServer> {
  return miniServer(
    modern((seen, response) => {
      const { method } = seen.rpc;
      if (method === 'server/discover') {
        const capabilities = { tools: {}, extensions: { [TASKS]: {}, other: {} } };
        result(response, seen, { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities });
      } else if (method === 'tools/list') result(response, seen, tools({ resultType: 'complete' }));
      else if (method === 'tasks/get')
        result(response, seen, { resultType: 'complete', taskId: 't1', status: 'working' });
      else return false;
      return true;
    }),
  );
}

function legacyTasks(): Promise<MiniServer> {
  return miniServer(
    legacy((seen, response) => {
      const { method } = seen.rpc;
      if (method === 'initialize') {
        response.setHeader('mcp-session-id', 'session-1');
        const capabilities = { tools: {}, tasks: { list: {}, requests: { tools: { call: {} } } } };
        const serverInfo = { name: 'mini', version: '1' };
        result(response, seen, { protocolVersion: '2025-11-25', serverInfo, capabilities });
      } else if (method === 'tools/list') result(response, seen, tools());
      else if (method === 'tasks/list') result(response, seen, { tasks: [{ taskId: 't1', status: 'working' }] });
      else return false;
      return true;
    }),
  );
}

async function ownAgent(server: MiniServer): Promise<{ url: string; key: string }> {
  const { id, key } = await connectTo(hub, server.url, { authType: 'bearer', credentialMode: 'per_agent' });
  const agent = await agentWith(hub, []);
  await hub.ok('PUT', `/api/agents/${agent.id}/credentials/${id}`, { secret: `secret-of-${agent.id}` });
  await hub.ok('POST', `/api/connectors/${id}/sync`, { agentId: agent.id });
  await hub.ok('PUT', `/api/agents/${agent.id}/tools`, { tools: [`mcp__${key}__build`] });
  return { url: `${hub.url}/mcp/${key}`, key: agent.key };
}

async function sharingAgent(server: MiniServer): Promise<{ url: string; key: string }> {
  const { key } = await connectTo(hub, server.url, {
    authType: 'bearer',
    credentialMode: 'shared',
    secret: 'everybody',
  });
  const agent = await agentWith(hub, [`mcp__${key}__build`]);
  return { url: `${hub.url}/mcp/${key}`, key: agent.key };
}

test('a modern agent with a credential of its own reaches its tasks, under the headers that it sent', async () => {
  const server = await modernTasks();
  const { url, key } = await ownAgent(server);
  const agent = modernClient(url, key);
  const { capabilities } = (await agent.request('server/discover')).answer.result;
  expect(capabilities.extensions).toEqual({ [TASKS]: {}, other: {} });
  const said = await agent.request('tasks/get', { taskId: 't1' }, { headers: { 'mcp-name': 't1' } });
  expect(said.answer.result).toMatchObject({ taskId: 't1', status: 'working' });
  const [seen] = server.of('tasks/get') as [Seen];
  expect(seen.headers).toMatchObject({ 'mcp-method': 'tasks/get', 'mcp-name': 't1' });
});

test('an older agent with a credential of its own lists its tasks', async () => {
  const server = await legacyTasks();
  const { url, key } = await ownAgent(server);
  const agent = await legacyClient(url, key, '2025-11-25');
  expect((await agent.request('tasks/list', {})).answer.result).toEqual({
    tasks: [{ taskId: 't1', status: 'working' }],
  });
});

test('with a shared credential there are no tasks: what one agent began, another could ask for', async () => {
  const newer = await modernTasks();
  const sharing = await sharingAgent(newer);
  const agent = modernClient(sharing.url, sharing.key);
  const { capabilities } = (await agent.request('server/discover')).answer.result;
  expect(capabilities.extensions).toEqual({ other: {} });
  const refused = await agent.request('tasks/get', { taskId: 't1' });
  expect([refused.status, refused.answer.error?.code]).toEqual([404, -32601]);
  expect(newer.of('tasks/get')).toEqual([]);

  const older = await legacyTasks();
  const other = await sharingAgent(older);
  const client = await legacyClient(other.url, other.key, '2025-11-25');
  expect((await client.request('tasks/list', {})).answer.error?.code).toBe(-32601);
  expect(older.of('tasks/list')).toEqual([]);
});

/** Of both eras; for older clients with a session when `session` is given. */
function bothEras(session: string | null): Promise<MiniServer> {
  const answers = (seen: Seen, response: Parameters<Parameters<typeof modern>[0]>[1], resultType: object): boolean => {
    if (seen.rpc.method === 'tools/list') result(response, seen, tools(resultType));
    else if (seen.rpc.method === 'tools/call') result(response, seen, { ...resultType, content: [], x: 1 });
    else return false;
    return true;
  };
  const newer = modern((seen, response) => answers(seen, response, { resultType: 'complete' }));
  const older = legacy((seen, response) => answers(seen, response, {}), { session: () => session });
  return miniServer((seen, response) =>
    seen.headers['mcp-protocol-version'] === '2026-07-28' ? newer(seen, response) : older(seen, response),
  );
}

test('a server of both eras that keeps sessions hears an older agent in its own era, word for word', async () => {
  const server = await bothEras('session-1');
  const { url, key } = await sharingAgent(server);
  const agent = await legacyClient(url, key, '2025-06-18');
  const said = await agent.request('tools/call', { name: 'build', arguments: { a: 1 } }, { id: 'mine-7' });
  expect(said.answer).toMatchObject({ id: 'mine-7', result: { content: [], x: 1 } });
  const [seen] = server.of('tools/call') as [Seen];
  expect(seen.rpc.id).toBe('mine-7');
  expect(seen.headers['mcp-session-id']).toBe('session-1');
  const newer = await modernClient(url, key).request('tools/call', { name: 'build', arguments: {} });
  expect(newer.answer.result.resultType).toBe('complete');
});

test('a server of both eras that keeps no sessions hears everybody in the newest one', async () => {
  const server = await bothEras(null);
  const { url, key } = await sharingAgent(server);
  const agent = await legacyClient(url, key, '2025-06-18');
  expect((await agent.request('tools/call', { name: 'build', arguments: {} })).answer.result).toEqual({
    content: [],
    x: 1,
  });
  expect(server.of('tools/call')[0]?.headers['mcp-protocol-version']).toBe('2026-07-28');
  await legacyClient(url, key, '2025-11-25');
  // It was asked once whether it keeps sessions, and is not asked again with every greeting.
  expect(server.of('initialize')).toHaveLength(1);
});
