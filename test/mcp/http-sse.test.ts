import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { openUpstream } from '../../src/mcp/upstream.ts';
import { until } from '../support/until.ts';
import type { MiniServer, Seen } from './mini-server.ts';
import { event, miniServer, OPTIONS } from './mini-server.ts';

const REMEMBERED = { version: '2024-11-05', transport: 'http_sse', serverName: null, serverVersion: null } as const;
const GREETING = {
  protocolVersion: '2024-11-05',
  serverInfo: { name: 'old', version: '0.1' },
  capabilities: { tools: { listChanged: true } },
};

type Script = {
  endpoint?: string;
  /** Gets the open stream; returns what to send on it, or null for nothing. */
  answer?: (seen: Seen, stream: ServerResponse) => unknown;
};

/** A server of the oldest transport: GET opens the stream, POSTs go to /messages, everything else is 405. */
async function oldServer({
  endpoint = '/messages?s=1',
  answer = () => null,
}: Script = {}): Promise<MiniServer & { streams: ServerResponse[] }> {
  const streams: ServerResponse[] = [];
  const server = await miniServer((seen, response) => {
    if (seen.http === 'GET') {
      streams.push(response);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`event: endpoint\ndata: ${endpoint}\n\n`);
      return;
    }
    if (!seen.path.startsWith('/messages')) return void response.writeHead(405).end();
    response.writeHead(202).end('Accepted');
    const stream = streams.at(-1);
    const { id, method } = seen.rpc;
    const value = method === 'initialize' ? { id, result: GREETING } : stream && answer(seen, stream);
    if (value) stream?.write(`event: message\n${event(value)}`);
  });
  return Object.assign(server, { streams });
}

const lists = ({ rpc }: Seen): unknown => (rpc.method === 'tools/list' ? { id: rpc.id, result: { tools: [] } } : null);

describe('a server of 2024-11-05', () => {
  test('is found last, and used with its credential on both addresses', async () => {
    const server = await oldServer({ answer: lists });
    const upstream = await openUpstream({ ...OPTIONS, url: server.url });
    expect(await upstream.request('tools/list')).toEqual({ tools: [] });
    expect(upstream.protocol).toEqual({
      version: '2024-11-05',
      transport: 'http_sse',
      serverName: 'old',
      serverVersion: '0.1',
    });
    expect(server.methods()).toEqual([
      'server/discover',
      'initialize',
      'GET',
      'initialize',
      'notifications/initialized',
      'tools/list',
    ]);
    expect(server.seen.map(({ path }) => path).slice(2)).toEqual(['/mcp', ...Array(3).fill('/messages?s=1')]);
    for (const { headers } of server.seen) expect(headers.authorization).toBe('Bearer token-1');
    await upstream.close();
    await until('the stream to close', () => server.streams[0]?.destroyed);
  });

  test('is opened at once when it is known', async () => {
    const server = await oldServer();
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: REMEMBERED });
    expect(server.methods()).toEqual(['GET', 'initialize', 'notifications/initialized']);
    await upstream.close();
  });

  test.each([
    'https://evil.example/messages',
    '//evil.example/x',
    'http://127.0.0.1:1/x',
    'javascript:alert(1)',
    'http://[',
  ])('is not sent anything to %s', async (endpoint) => {
    const server = await oldServer({ endpoint });
    await expect(openUpstream({ ...OPTIONS, url: server.url, pinnedVersion: '2024-11-05' })).rejects.toMatchObject({
      code: 'address_refused',
      message: expect.stringContaining('origin'),
    });
    expect(server.methods()).toEqual(['GET']);
  });

  test('may ask for the credential at its stream alone', async () => {
    const server = await miniServer((seen, response) => void response.writeHead(seen.http === 'GET' ? 401 : 404).end());
    await expect(openUpstream({ ...OPTIONS, url: server.url })).rejects.toMatchObject({ status: 401 });
  });

  test('that is none after all shows the answer to initialize', async () => {
    const server = await miniServer((_, response) => void response.writeHead(404).end('nothing here'));
    await expect(openUpstream({ ...OPTIONS, url: server.url })).rejects.toMatchObject({
      status: 404,
      details: { upstreamText: '"nothing here"' },
    });
    expect(server.methods()).toEqual(['server/discover', 'initialize', 'GET']);
  });

  test('that never names its address is given up in time', async () => {
    const server = await miniServer((seen, response) => {
      if (seen.http === 'GET') response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hm\n\n');
    });
    const opening = openUpstream({
      ...OPTIONS,
      url: server.url,
      remembered: REMEMBERED,
      signal: AbortSignal.timeout(100),
    });
    await expect(opening).rejects.toMatchObject({ code: 'upstream_timeout' });
  });

  test('answers ping, progress and out of order', async () => {
    const waiting: Seen[] = [];
    const server = await oldServer({
      answer: (seen, stream) => {
        if (seen.rpc.method !== 'tools/call') return null;
        waiting.push(seen);
        if (waiting.length < 2) return null;
        stream.write(event({ id: 'p1', method: 'ping' }));
        for (const { rpc } of [...waiting].reverse()) {
          stream.write(
            event({ method: 'notifications/progress', params: { progressToken: rpc.id, progress: rpc.id } }),
          );
          stream.write(event({ id: rpc.id, result: { for: rpc.params?.name } }));
        }
        return null;
      },
    });
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: REMEMBERED });
    const progressed: unknown[] = [];
    const call = (name: string) =>
      upstream.request('tools/call', { name }, { onProgress: () => progressed.push(name) });
    expect(await Promise.all([call('a'), call('b')])).toEqual([{ for: 'a' }, { for: 'b' }]);
    expect(progressed.sort()).toEqual(['a', 'b']);
    await until('an answer to ping', () => server.seen.find(({ rpc }) => rpc.id === 'p1'));
    await upstream.close();
  });

  test('that closed its stream is opened anew for the next request', async () => {
    const server = await oldServer({ answer: lists });
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: REMEMBERED });
    server.streams[0]?.end();
    expect(await upstream.request('tools/list')).toEqual({ tools: [] });
    expect(server.streams).toHaveLength(2);
    await upstream.close();
  });

  test('that closes its stream during a tool call leaves the call alone', async () => {
    const server = await oldServer({
      answer: (seen, stream) => (seen.rpc.method === 'tools/call' ? void stream.end() : null),
    });
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: REMEMBERED });
    await expect(upstream.request('tools/call', { name: 'x' })).rejects.toMatchObject({
      code: 'upstream_invalid_response',
    });
    expect(server.of('tools/call')).toHaveLength(1);
    await upstream.close();
  });

  test('may not answer more than the caller allows', async () => {
    const server = await oldServer({
      answer: ({ rpc }) => rpc.method === 'tools/list' && { id: rpc.id, result: { x: 'x'.repeat(5_000) } },
    });
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: REMEMBERED });
    await expect(upstream.request('tools/list', {}, { maxBytes: 1_000 })).rejects.toMatchObject({
      code: 'upstream_too_large',
    });
    await upstream.close();
  });

  test('is told of a cancelled request', async () => {
    const abort = new AbortController();
    const server = await oldServer({
      answer: ({ rpc }) => (rpc.method === 'tools/call' ? void abort.abort(new Error('enough')) : null),
    });
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: REMEMBERED });
    await expect(upstream.request('tools/call', { name: 'x' }, { signal: abort.signal })).rejects.toThrow('enough');
    await until('a cancellation', () => server.of('notifications/cancelled')[0]);
    await upstream.close();
  });
});
