// Traces through the gateway, as a collector receives them over OTLP/HTTP.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { legacy, miniServer, modern, type Reply, result, rpcError, type Seen, tool } from '../mcp/mini-server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/until.ts';
import { agentWith, clientOf, connectTo, envelope, LEGACY, MODERN, post, read } from './agents.ts';

type Attribute = { key: string; value: { stringValue?: string } };
type Otlp = {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: (Omit<CollectedSpan, 'attributes'> & { attributes: Attribute[] })[] }[];
  }[];
};
type CollectedSpan = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  name: string;
  /** 2 of a server, 3 of a client. */
  kind: number;
  status: { code?: number };
  attributes: Record<string, string | undefined>;
};

const [NEWEST_LEGACY] = LEGACY;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, tracestate: 'vendor=abc,other=1' };

const collector = { spans: [] as CollectedSpan[], services: new Set<string>(), texts: [] as string[], url: '' };
const receiver = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  collector.texts.push(text);
  for (const { resource, scopeSpans } of (JSON.parse(text) as Otlp).resourceSpans) {
    collector.services.add(named(resource.attributes)['service.name'] ?? '');
    for (const span of scopeSpans.flatMap(({ spans }) => spans))
      collector.spans.push({ ...span, attributes: named(span.attributes) });
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});
const named = (list: readonly Attribute[]) =>
  Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue]));

let hub: TestHub;
let plain: TestHub;
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  collector.url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_SERVICE_NAME: 'hub-under-test',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  };
  [hub, plain] = await Promise.all([startHub({ background: false, env }), startHub({ background: false })]);
});
afterAll(async () => {
  await hub?.close();
  await plain?.close();
  receiver.closeAllConnections();
  receiver.close();
});

const answering =
  (base: typeof modern | typeof legacy): Reply =>
  (seen, response) =>
    base((_, __) => {
      const { method, id, params = {} } = seen.rpc;
      const given = params.arguments as Record<string, unknown> | undefined;
      if (method === 'tools/list') result(response, seen, { resultType: 'complete', tools: [tool('do')] });
      else if (method !== 'tools/call') return false;
      else if (given?.fails) rpcError(response, 200, id, -32001);
      else result(response, seen, { resultType: 'complete', content: [{ type: 'text', text: 'secret-result' }] });
      return true;
    })(seen, response);

async function household(base: typeof modern | typeof legacy, where = hub) {
  const server = await miniServer(answering(base));
  const secret = 'rnd-secret-credential';
  const connector = await connectTo(where, server.url, { authType: 'bearer', credentialMode: 'shared', secret });
  const agent = await agentWith(where, [`mcp__${connector.key}__do`]);
  return { server, connector, agent, url: `${where.url}/mcp/${connector.key}` };
}

/** The spans of one trace, when the collector has that many. */
const spansOf = (traceId: string, count: number) =>
  until('the spans came in', () => {
    const found = collector.spans.filter((span) => span.traceId === traceId);
    return found.length >= count ? found : null;
  });
const freshTrace = () => crypto.randomUUID().replaceAll('-', '');
const carried = ({ headers, rpc }: Seen) => {
  const meta = (rpc.params?._meta ?? {}) as Record<string, unknown>;
  return { header: headers.traceparent, meta: meta.traceparent, state: headers.tracestate ?? meta.tracestate };
};

describe.each([
  ['a modern agent of a modern server', MODERN, modern, 'header'],
  ['an older agent of an older server', NEWEST_LEGACY, legacy, 'header'],
  ['an older agent of a modern server', NEWEST_LEGACY, modern, 'meta'],
  ['a modern agent of an older server', MODERN, legacy, 'meta'],
] as const)('of %s', (_what, version, base, way) => {
  test('a call goes on in the trace that the agent names in its message', async () => {
    const { server, connector, agent, url } = await household(base);
    const client = await clientOf(version, url, agent.key);
    const traceId = freshTrace();
    const _meta = { ...PARENT, traceparent: PARENT.traceparent.replace(TRACE, traceId) };
    const said = await client.request('tools/call', { name: 'do', arguments: { word: 'secret-argument' }, _meta });
    expect(said.answer.result.content[0].text).toBe('secret-result');
    const spans = await spansOf(traceId, 2);
    const [served, asked] = [spans.find(({ kind }) => kind === 2), spans.find(({ kind }) => kind === 3)];
    expect(served).toMatchObject({
      name: 'tools/call do',
      parentSpanId: 'b7ad6b7169203331',
      traceState: PARENT.tracestate,
      attributes: {
        'mcp.method.name': 'tools/call',
        'gen_ai.tool.name': 'do',
        'chatelaine.connector': connector.key,
        'chatelaine.agent.id': agent.id,
        'chatelaine.era': version === MODERN ? 'modern' : 'legacy',
        'chatelaine.outcome': 'ok',
      },
    });
    expect(asked).toMatchObject({ parentSpanId: served?.spanId, name: 'tools/call do' });
    const [call] = server.of('tools/call');
    const travelled = carried(call as Seen);
    const sent = `00-${traceId}-${asked?.spanId}-01`;
    // A message that passes through stays the agent's; in one that is written here, its context gives way to ours.
    expect(travelled).toEqual(
      way === 'header'
        ? { header: sent, meta: _meta.traceparent, state: PARENT.tracestate }
        : { header: undefined, meta: sent, state: PARENT.tracestate },
    );
  });
});

test.each([
  ['a modern server', MODERN, modern],
  ['an older server', NEWEST_LEGACY, legacy],
] as const)('a message with a context of its own reaches %s as it was written', async (_what, version, base) => {
  const { server, agent, url } = await household(base);
  const client = await clientOf(version, url, agent.key);
  const traceId = freshTrace();
  const _meta = { ...PARENT, traceparent: PARENT.traceparent.replace(TRACE, traceId) };
  // Longer than a number can be remembered: who reads and writes it anew changes it.
  const order = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('12345678901234567890');
  await client.request('tools/call', { name: 'do', arguments: { order }, _meta });
  await spansOf(traceId, 2);
  const [call] = server.of('tools/call');
  expect(call?.text).toContain('{"order":12345678901234567890}');
  expect(call?.text).toContain(JSON.stringify(_meta).slice(1, -1));
});

test('a context in the headers is taken over too, and the message stays as it came', async () => {
  const { server, agent, url } = await household(modern);
  const traceId = freshTrace();
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'do', arguments: {}, _meta: envelope() },
  };
  const standard = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'do' };
  const headers = { ...standard, traceparent: PARENT.traceparent.replace(TRACE, traceId), baggage: 'user=ada' };
  await read(await post(url, agent.key, body, headers));
  await spansOf(traceId, 2);
  const [call] = server.of('tools/call');
  expect(call?.headers.traceparent).toContain(traceId);
  expect(call?.headers.baggage).toBeUndefined();
  expect(call?.rpc).toEqual(body);
});

test.each([
  ['none', undefined],
  ['one of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
  ['one in capitals', PARENT.traceparent.toUpperCase()],
  ['one with more than version 00 has', `${PARENT.traceparent}-01`],
  ['one of an impossible version', PARENT.traceparent.replace('00-', 'ff-')],
  ['no text', 42],
])('with %s a trace of its own is begun', async (_what, traceparent) => {
  const { server, agent, url } = await household(modern);
  const client = await clientOf(MODERN, url, agent.key);
  await client.request('tools/call', {
    name: 'do',
    arguments: {},
    ...(traceparent === undefined ? {} : { _meta: { traceparent } }),
  });
  const [call] = server.of('tools/call');
  const header = String(call?.headers.traceparent);
  expect(header).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(header).not.toContain(TRACE);
});

test('the sampling of the agent holds', async () => {
  const { server, agent, url } = await household(modern);
  const client = await clientOf(MODERN, url, agent.key);
  const traceId = freshTrace();
  await client.request('tools/call', {
    name: 'do',
    arguments: {},
    _meta: { traceparent: `00-${traceId}-b7ad6b7169203331-00` },
  });
  expect(server.of('tools/call')[0]?.headers.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
});

test('a failure, a refusal and a list are told as such', async () => {
  const { agent, url } = await household(modern);
  const client = await clientOf(MODERN, url, agent.key);
  const request = async (method: string, params: Record<string, unknown>) => {
    const traceId = freshTrace();
    await client.request(method, { ...params, _meta: { traceparent: PARENT.traceparent.replace(TRACE, traceId) } });
    return traceId;
  };
  const failed = await spansOf(await request('tools/call', { name: 'do', arguments: { fails: true } }), 2);
  expect(
    failed.map(({ attributes, status }) => [attributes['chatelaine.outcome'], attributes['error.type'], status.code]),
  ).toEqual([
    ['error', 'error', 2],
    ['error', 'error', 2],
  ]);
  const [refused] = await spansOf(await request('tools/call', { name: 'not-granted', arguments: {} }), 1);
  expect(refused).toMatchObject({
    name: 'tools/call',
    attributes: { 'chatelaine.outcome': 'refused', 'error.type': 'refused -32602' },
  });
  const [listed] = await spansOf(await request('tools/list', {}), 1);
  expect(listed).toMatchObject({ name: 'tools/list', attributes: { 'chatelaine.outcome': 'ok' }, status: { code: 0 } });
});

test('nobody without a key is traced, and no argument, result or secret leaves with a trace', async () => {
  const traceId = freshTrace();
  const headers = { traceparent: PARENT.traceparent.replace(TRACE, traceId) };
  expect((await post(`${hub.url}/mcp`, 'chla_wrong', {}, headers)).status).toBe(401);
  const { agent, url } = await household(modern);
  const client = await clientOf(MODERN, url, agent.key);
  const later = freshTrace();
  await client.request('tools/call', {
    ...{ name: 'do', arguments: { word: 'secret-argument' } },
    _meta: { traceparent: PARENT.traceparent.replace(TRACE, later) },
  });
  await spansOf(later, 2);
  expect(collector.spans.some((span) => span.traceId === traceId)).toBe(false);
  expect([...collector.services]).toEqual(['hub-under-test']);
  for (const secret of ['secret-argument', 'secret-result', 'rnd-secret-credential', agent.key])
    expect(collector.texts.join('\n')).not.toContain(secret);
});

test('without a collector no header is made or passed on, and the message goes on as it came', async () => {
  const { server, agent, url } = await household(modern, plain);
  const client = await clientOf(MODERN, url, agent.key);
  const _meta = { ...PARENT };
  await client.request('tools/call', { name: 'do', arguments: {}, _meta }, { headers: PARENT });
  const [call] = server.of('tools/call');
  expect([call?.headers.traceparent, call?.headers.tracestate]).toEqual([undefined, undefined]);
  expect(call?.rpc.params?._meta).toMatchObject(PARENT);
});

test('a collector that is away costs nobody a call, and is told about in the log', async () => {
  const lost = await startHub({
    background: false,
    env: {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9/v1/traces',
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    },
  });
  const { agent, url } = await household(modern, lost);
  const client = await clientOf(MODERN, url, agent.key);
  expect((await client.request('tools/call', { name: 'do', arguments: {} })).answer.result.content).toHaveLength(1);
  await until('it was told', () => lost.logged.some((line) => line.includes('the collector did not take the traces')));
  await lost.close();
});
