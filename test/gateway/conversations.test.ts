// What happens while a call is under way: progress, log messages, questions of the server, cancellation; for
// agents and servers of the same era and of different ones.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FixtureEra, FixtureServer } from '../../conformance/fixtures/server.ts';
import { startFixtures } from '../../conformance/fixtures/server.ts';
import { legacy as legacyReply, miniServer, modern as modernReply, result, sse, tool } from '../mcp/mini-server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/until.ts';
import { agentWith, type Client, clientOf, connectTo, MODERN, type Rpc } from './agents.ts';

const ERAS: readonly FixtureEra[] = ['modern', 'legacy'];
const AGENTS = [MODERN, '2025-11-25', '2025-03-26'];
const TOOLS = [
  'test_tool_with_progress',
  'test_logging_tool',
  'test_tool_with_logging',
  'test_elicitation',
  'test_input_required_result_elicitation',
  'test_input_required_result_multi_round',
  'test_error_handling',
];

let hub: TestHub;
let agentKey: string;
const fixtures = new Map<FixtureEra, FixtureServer>();
const keys = new Map<FixtureEra, string>();

beforeAll(async () => {
  hub = await startHub();
  for (const era of ERAS) {
    const server = await startFixtures(era);
    fixtures.set(era, server);
    keys.set(era, (await connectTo(hub, server.url)).key);
  }
  const names = ERAS.flatMap((era) => TOOLS.map((tool) => `mcp__${keys.get(era)}__${tool}`));
  agentKey = (await agentWith(hub, names)).key;
});
afterAll(async () => {
  await hub?.close();
  await Promise.all([...fixtures.values()].map((server) => server.close()));
});

const at = (era: FixtureEra, endpoint: 'own' | 'all') => ({
  url: endpoint === 'own' ? `${hub.url}/mcp/${keys.get(era)}` : `${hub.url}/mcp`,
  name: (tool: string) => (endpoint === 'own' ? tool : `${keys.get(era)}__${tool}`),
});
const notified = (messages: readonly Rpc[], method: string) => messages.filter((message) => message.method === method);

describe.each(ERAS)('with a %s server', (era) => {
  describe.each(['own', 'all'] as const)('at the endpoint %s', (endpoint) => {
    test.each(AGENTS)('an agent of %s hears progress under its own token', async (version) => {
      const { url, name } = at(era, endpoint);
      const client = await clientOf(version, url, agentKey);
      const params = { name: name('test_tool_with_progress'), arguments: {}, _meta: { progressToken: 'mine' } };
      const { messages, answer } = await client.request('tools/call', params);
      const progress = notified(messages, 'notifications/progress');
      expect(progress.map(({ params }) => [params.progressToken, params.progress])).toEqual([
        ['mine', 0],
        ['mine', 50],
        ['mine', 100],
      ]);
      expect(answer.result.content).toHaveLength(1);
    });

    test.each(AGENTS)('an agent of %s gets a failed tool as the server put it', async (version) => {
      const { url, name } = at(era, endpoint);
      const client = await clientOf(version, url, agentKey);
      const { answer } = await client.request('tools/call', { name: name('test_error_handling'), arguments: {} });
      expect(answer.result).toMatchObject({ isError: true });
      expect(JSON.stringify(answer.result.content)).toContain('intentionally returns an error');
    });
  });
});

/** Answers every question of the server with Ada, as the person at the agent would. */
function answering(client: () => Client): (message: Rpc) => void {
  return ({ id, method }) => {
    if (method === 'elicitation/create')
      void client().send({ id, result: { action: 'accept', content: { name: 'Ada', response: 'Ada', color: 'red' } } });
  };
}

describe('a question of the server', () => {
  test.each([
    ['modern', 'own', 'test_input_required_result_elicitation', 'Hello, Ada!'],
    ['modern', 'all', 'test_input_required_result_elicitation', 'Hello, Ada!'],
    ['modern', 'own', 'test_input_required_result_multi_round', 'Ada likes red'],
    ['legacy', 'own', 'test_elicitation', 'action=accept'],
    ['legacy', 'all', 'test_elicitation', 'action=accept'],
  ] as const)(
    'of a %s server reaches a legacy agent at %s on its open stream (%s)',
    async (era, endpoint, tool, expected) => {
      const { url, name } = at(era, endpoint);
      const client: Client = await clientOf('2025-11-25', url, agentKey, { elicitation: {} });
      const params = { name: name(tool), arguments: { message: 'Who?' } };
      const { answer } = await client.request('tools/call', params, { onMessage: answering(() => client) });
      expect(JSON.stringify(answer.result.content)).toContain(expected);
    },
  );

  test('comes to a modern agent as it is, and its answer goes back with the state', async () => {
    const { url } = at('modern', 'own');
    const client = await clientOf(MODERN, url, agentKey, { elicitation: {} });
    const params = { name: 'test_input_required_result_multi_round', arguments: {} };
    const first = (await client.request('tools/call', params)).answer.result;
    expect(first).toMatchObject({
      resultType: 'input_required',
      inputRequests: { step1: { method: 'elicitation/create' } },
    });
    const answered = { step1: { action: 'accept', content: { name: 'Ada' } } };
    const second = (
      await client.request('tools/call', { ...params, inputResponses: answered, requestState: first.requestState })
    ).answer.result;
    expect(second.inputRequests.step2.params.message).toContain('color');
  });

  test.each([
    ['modern', MODERN, 'test_input_required_result_elicitation'],
    ['modern', '2025-11-25', 'test_input_required_result_elicitation'],
    ['legacy', MODERN, 'test_elicitation'],
  ] as const)('of a %s server is not put to an agent of %s that declared nothing', async (era, version, tool) => {
    const client = await clientOf(version, at(era, 'own').url, agentKey);
    const { messages, answer } = await client.request('tools/call', { name: tool, arguments: { message: 'Who?' } });
    expect(notified(messages, 'elicitation/create')).toEqual([]);
    expect(answer.error !== undefined || answer.result.isError === true).toBe(true);
  });

  test('is declared to a legacy server exactly as the agent declared it', async () => {
    const server = await miniServer(
      legacyReply((seen, response) => {
        if (seen.rpc.method !== 'tools/list') return false;
        result(response, seen, { tools: [tool('ask')] });
        return true;
      }),
    );
    const { key } = await connectTo(hub, server.url);
    const agent = await agentWith(hub, [`mcp__${key}__ask`]);
    const capabilities = { elicitation: {}, roots: { listChanged: true } };
    await clientOf('2025-11-25', `${hub.url}/mcp/${key}`, agent.key, capabilities);
    expect(server.of('initialize').at(-1)?.rpc.params?.capabilities).toEqual(capabilities);
  });
});

test('a modern agent hears the log only when it asks for it', async () => {
  for (const endpoint of ['own', 'all'] as const) {
    const { url, name } = at('modern', endpoint);
    const client = await clientOf(MODERN, url, agentKey);
    const params = { name: name('test_logging_tool'), arguments: {} };
    const quiet = await client.request('tools/call', params);
    expect(notified(quiet.messages, 'notifications/message')).toEqual([]);
    const loud = await client.request('tools/call', {
      ...params,
      _meta: { 'io.modelcontextprotocol/logLevel': 'debug' },
    });
    expect(notified(loud.messages, 'notifications/message')).toHaveLength(1);
  }
});

test('an older agent sets the level, and hears the log of a modern server', async () => {
  const { url } = at('modern', 'own');
  const client = await clientOf('2025-11-25', url, agentKey);
  const params = { name: 'test_logging_tool', arguments: {} };
  expect(notified((await client.request('tools/call', params)).messages, 'notifications/message')).toEqual([]);
  expect((await client.request('logging/setLevel', { level: 'debug' })).answer.result).toEqual({});
  expect(notified((await client.request('tools/call', params)).messages, 'notifications/message')).toHaveLength(1);
});

test('resources, prompts and completions pass in both directions', async () => {
  for (const era of ERAS) {
    for (const version of AGENTS) {
      const client = await clientOf(version, at(era, 'own').url, agentKey);
      const listed = (await client.request('resources/list')).answer.result;
      expect(listed.resources.length).toBeGreaterThan(1);
      if (version === MODERN) expect(listed).toMatchObject({ cacheScope: 'private', resultType: 'complete' });
      const resource = await client.request('resources/read', { uri: 'test://static-text' });
      expect(resource.answer.result.contents[0].text).toContain('static text');
      const prompt = await client.request('prompts/get', { name: 'test_simple_prompt' });
      expect(prompt.answer.result.messages).toHaveLength(1);
      const missing = await client.request('resources/read', { uri: 'test://not-there' });
      expect(missing.answer.error?.code).toBe(version === MODERN ? -32602 : missing.answer.error?.code);
      expect(missing.answer.error).toBeDefined();
      // The endpoint with every tool has tools alone.
      const all = await clientOf(version, `${hub.url}/mcp`, agentKey);
      expect((await all.request('resources/list')).answer.error?.code).toBe(-32601);
    }
  }
});

test('an agent that hangs up cancels its call at the server', async () => {
  let hungUp = 0;
  const server = await miniServer(
    modernReply((seen, response) => {
      if (seen.rpc.method === 'tools/list') {
        const result = { resultType: 'complete', tools: [{ name: 'slow', inputSchema: { type: 'object' } }] };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id: seen.rpc.id, result }));
        return true;
      }
      if (seen.rpc.method !== 'tools/call') return false;
      response.on('close', () => {
        hungUp += 1;
      });
      sse(response, ': working\n\n');
      return true;
    }),
  );
  const { key } = await connectTo(hub, server.url);
  const agent = await agentWith(hub, [`mcp__${key}__slow`]);
  const client = await clientOf(MODERN, `${hub.url}/mcp/${key}`, agent.key);
  const leaving = new AbortController();
  const calling = client
    .request('tools/call', { name: 'slow', arguments: {} }, { signal: leaving.signal })
    .catch((error: unknown) => error);
  await until('the call is at the server', () => server.of('tools/call').length === 1);
  leaving.abort();
  await calling;
  await until('the server sees it', () => hungUp === 1);

  const legacy = await clientOf('2025-11-25', `${hub.url}/mcp/${key}`, agent.key);
  const cancelled = legacy.request('tools/call', { name: 'slow', arguments: {} }, { id: 'call-1' });
  await until('the second call is at the server', () => server.of('tools/call').length === 2);
  await legacy.send({ method: 'notifications/cancelled', params: { requestId: 'call-1' } });
  await until('the server sees that too', () => hungUp === 2);
  expect((await cancelled).answer.error).toBeDefined();
});
