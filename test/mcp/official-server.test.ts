// The official server package as an independent peer: what it checks of our requests, no test of ours can
// have got wrong in the same way.

import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import type { McpHttpHandler } from '@modelcontextprotocol/server';
import {
  createMcpHandler,
  fromJsonSchema,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { callMethod } from '../../src/mcp/call-tool.ts';
import { acceptWithDefaults, answerInputRequests } from '../../src/mcp/elicitation.ts';
import { watchToolList } from '../../src/mcp/list-changed.ts';
import { listTools } from '../../src/mcp/list-tools.ts';
import { openUpstream } from '../../src/mcp/upstream.ts';
import { until } from '../support/until.ts';
import { OPTIONS } from './mini-server.ts';

const FORM = { type: 'object', properties: { name: { type: 'string', default: 'Ada' } } } as const;
const AREA = { type: 'object', properties: { area: { type: 'string', 'x-mcp-header': 'Area' } } } as const;

async function listen(fetch: (request: Request) => Promise<Response>): Promise<string> {
  const server = serve({ fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise<void>((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

function makeServer(era: 'legacy' | 'modern'): McpServer {
  const server = new McpServer(
    { name: 'official', version: '3' },
    { capabilities: { tools: { listChanged: true } }, instructions: 'Hm.' },
  );
  server.registerTool(
    'echo',
    { description: 'Echoes', inputSchema: fromJsonSchema<{ area?: string }>(AREA) },
    async ({ area }) => ({
      content: [{ type: 'text', text: `${area}` }],
    }),
  );
  server.registerTool(
    'ask',
    { description: 'Asks', inputSchema: fromJsonSchema({ type: 'object' }) },
    async (_, context) => {
      const answers = context.mcpReq.inputResponses;
      const asking = { message: 'Who?', requestedSchema: FORM } as const;
      if (era === 'legacy') {
        const answer = await context.mcpReq.elicitInput({ mode: 'form', ...asking });
        return { content: [{ type: 'text', text: JSON.stringify(answer.content) }] };
      }
      if (answers === undefined) {
        return {
          resultType: 'input_required',
          inputRequests: { who: { method: 'elicitation/create', params: { mode: 'form', ...asking } } },
        };
      }
      return { content: [{ type: 'text', text: JSON.stringify((answers.who as { content?: unknown }).content) }] };
    },
  );
  return server;
}

async function stateless(
  options: Parameters<typeof createMcpHandler>[1] = {},
): Promise<{ url: string; handler: McpHttpHandler }> {
  const handler = createMcpHandler(({ era }) => makeServer(era), { keepAliveMs: 0, ...options });
  onTestFinished(() => handler.close());
  return { url: await listen((request) => handler.fetch(request)), handler };
}

/** The 2025 transport with sessions, as servers in the field run it. */
async function sessionful(
  enableJsonResponse: boolean,
): Promise<{ url: string; forget: () => void; sessions: Map<string, unknown> }> {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const url = await listen(async (request) => {
    const known = sessions.get(request.headers.get('mcp-session-id') ?? '');
    if (known !== undefined) return known.handleRequest(request);
    if (request.headers.has('mcp-session-id'))
      return Response.json(
        { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } },
        { status: 404 },
      );
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await makeServer('legacy').connect(transport);
    return transport.handleRequest(request);
  });
  return { url, sessions, forget: () => sessions.clear() };
}

const onElicitation = async (params: unknown) => ({
  action: 'accept' as const,
  content: acceptWithDefaults((params as { requestedSchema: unknown }).requestedSchema),
});
const ELICITING = { capabilities: { elicitation: true }, onElicitation };

describe.each([
  ['as it chooses', undefined, '2026-07-28'],
  ['modern', '2026-07-28', '2026-07-28'],
  ['2025-11-25', '2025-11-25', '2025-11-25'],
  ['2025-06-18', '2025-06-18', '2025-06-18'],
  ['2025-03-26', '2025-03-26', '2025-03-26'],
] as const)('the official server, spoken to %s', (_, pinned, version) => {
  test.each(['auto', 'sse'] as const)('lists and calls (answers: %s)', async (responseMode) => {
    const { url } = await stateless({ responseMode });
    const upstream = await openUpstream({
      ...OPTIONS,
      url,
      ...(pinned === undefined ? {} : { pinnedVersion: pinned }),
    });
    expect(upstream.protocol).toEqual({
      version,
      transport: 'streamable_http',
      serverName: 'official',
      serverVersion: '3',
    });
    expect(upstream.instructions).toBe('Hm.');
    const { tools, dropped } = await listTools(upstream);
    expect(tools.map(({ name }) => name)).toEqual(['echo', 'ask']);
    expect(dropped).toEqual([]);
    const params = { name: 'echo', arguments: { area: ' Zürich ' } };
    const { result } = await callMethod(upstream, { method: 'tools/call', params, tool: tools[0] });
    expect(result.content).toEqual([{ type: 'text', text: ' Zürich ' }]);
    await expect(upstream.request('nonsense/method')).rejects.toMatchObject({ rpcCode: -32601 });
    await upstream.close();
  });
});

test('a modern-only server is found, and found again after a wrong verdict', async () => {
  const { url } = await stateless({ legacy: 'reject' });
  const remembered = {
    version: '2025-11-25',
    transport: 'streamable_http',
    serverName: null,
    serverVersion: null,
  } as const;
  for (const verdict of [null, remembered]) {
    const upstream = await openUpstream({ ...OPTIONS, url, remembered: verdict });
    expect(upstream.protocol.version).toBe('2026-07-28');
    expect((await listTools(upstream)).tools).toHaveLength(2);
  }
});

test('missing headers are refused by the server, and right after listing again', async () => {
  const { url } = await stateless();
  const upstream = await openUpstream({ ...OPTIONS, url });
  const call = { method: 'tools/call', params: { name: 'echo', arguments: { area: 'x' } } };
  await expect(callMethod(upstream, call)).rejects.toMatchObject({ rpcCode: -32020 });
  const relist = async () => (await listTools(upstream)).tools.find(({ name }) => name === 'echo');
  expect(await callMethod(upstream, { ...call, relist })).toMatchObject({ resultType: 'complete' });
});

test('questions of a modern server are answered with the defaults of their form', async () => {
  const { url } = await stateless();
  const upstream = await openUpstream({ ...OPTIONS, url, ...ELICITING });
  const result = await answerInputRequests(
    upstream,
    { method: 'tools/call', params: { name: 'ask', arguments: {} } },
    onElicitation,
  );
  expect(result.content).toEqual([{ type: 'text', text: '{"name":"Ada"}' }]);
});

test('changes of a modern server are heard', async () => {
  const { url, handler } = await stateless();
  const abort = new AbortController();
  const [onChange, onReady] = [vi.fn(), vi.fn()];
  const ended = watchToolList({ ...OPTIONS, url, onChange, onReady, signal: abort.signal });
  await until('the watch to be ready', () => onReady.mock.calls.length === 1);
  handler.notify.toolsChanged();
  handler.notify.promptsChanged();
  await until('a change', () => onChange.mock.calls.length === 1);
  await handler.close();
  expect(await ended).toBe('closed');
  expect(onChange).toHaveBeenCalledOnce();
});

describe.each([true, false])('the official server with sessions (JSON answers: %s)', (enableJsonResponse) => {
  test('is listed, survives a lost session, and gets its session ended', async () => {
    const { url, sessions, forget } = await sessionful(enableJsonResponse);
    const upstream = await openUpstream({ ...OPTIONS, url });
    expect((await listTools(upstream)).tools).toHaveLength(2);
    forget();
    expect((await listTools(upstream)).tools).toHaveLength(2);
    expect(sessions.size).toBe(1);
    await upstream.close();
    expect(sessions.size).toBe(0);
  });
});

test('a server with sessions may ask back in the middle of a call', async () => {
  const { url } = await sessionful(false);
  const upstream = await openUpstream({ ...OPTIONS, url, ...ELICITING });
  const { result } = await callMethod(upstream, { method: 'tools/call', params: { name: 'ask', arguments: {} } });
  expect(result.content).toEqual([{ type: 'text', text: '{"name":"Ada"}' }]);
  await upstream.close();
});
