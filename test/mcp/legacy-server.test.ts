import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { openUpstream } from '../../src/mcp/upstream.ts';
import { until } from '../support/until.ts';
import type { Rpc, Seen } from './mini-server.ts';
import { event, json, legacy, miniServer, OPTIONS, result, rpcError, sse } from './mini-server.ts';

const REMEMBERED = {
  version: '2025-11-25',
  transport: 'streamable_http',
  serverName: null,
  serverVersion: null,
} as const;

/** A server that gives a new session to each initialize and takes requests as `answer` says. */
async function connected(answer: (seen: Seen, response: ServerResponse) => boolean | undefined, more: object = {}) {
  let sessions = 0;
  const session = (): string => `session-${++sessions}`;
  const server = await miniServer(legacy(answer, { session }));
  const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: REMEMBERED, ...more });
  return { server, upstream };
}

const posted =
  (method: string, then: (seen: Seen, response: ServerResponse) => unknown) =>
  (seen: Seen, response: ServerResponse) => {
    if (seen.rpc.method !== method) return false;
    then(seen, response);
    return true;
  };

describe('a session', () => {
  test('is initialized, used with its id and version, and ended', async () => {
    const { server, upstream } = await connected(
      posted('tools/list', (seen, response) => result(response, seen, { tools: [] })),
    );
    await upstream.request('tools/list');
    await upstream.close();
    expect(server.methods()).toEqual(['initialize', 'notifications/initialized', 'tools/list', 'DELETE']);
    const [initialize, ...later] = server.seen;
    expect(initialize?.rpc.params).toEqual({
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: OPTIONS.clientInfo,
    });
    expect(initialize?.headers['mcp-session-id']).toBeUndefined();
    for (const { headers } of later) {
      expect(headers).toMatchObject({
        'mcp-session-id': 'session-1',
        'mcp-protocol-version': '2025-11-25',
        authorization: 'Bearer token-1',
      });
    }
    for (const { http, headers } of server.seen) {
      if (http === 'POST') expect(headers.accept).toBe('application/json, text/event-stream');
      expect(headers['mcp-method']).toBeUndefined();
    }
    expect(server.of('tools/list')[0]?.rpc).toEqual({ jsonrpc: '2.0', id: expect.anything(), method: 'tools/list' });
  });

  test.each([405, 404, 500])('that may not be ended (HTTP %i) is left alone', async (status) => {
    const { upstream } = await connected((seen, response) => {
      if (seen.http !== 'DELETE') return false;
      response.writeHead(status).end();
      return true;
    });
    await expect(upstream.close()).resolves.toBeUndefined();
  });

  test('without an id is neither named nor ended', async () => {
    const server = await miniServer(legacy(() => false, { session: () => null }));
    const upstream = await openUpstream({ ...OPTIONS, url: server.url, remembered: REMEMBERED });
    await expect(upstream.request('tools/list')).rejects.toMatchObject({ rpcCode: -32601 });
    await upstream.close();
    expect(server.methods()).toEqual(['initialize', 'notifications/initialized', 'tools/list']);
    expect(server.seen[2]?.headers['mcp-session-id']).toBeUndefined();
  });

  test.each([
    ['404 as the revisions say', (response: ServerResponse) => rpcError(response, 404, null, -32001)],
    ['404 without a body', (response: ServerResponse) => response.writeHead(404).end()],
    ['400 as many servers say', (response: ServerResponse) => rpcError(response, 400, null, -32000)],
  ])('that got lost (%s) is replaced once, and the request sent in the new one', async (_, forget) => {
    const { server, upstream } = await connected(
      posted('tools/call', (seen, response) => {
        if (seen.headers['mcp-session-id'] === 'session-1') forget(response);
        else result(response, seen, { content: [] });
      }),
    );
    expect(await upstream.request('tools/call', { name: 'x' })).toEqual({ content: [] });
    expect(server.methods()).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/call',
      'initialize',
      'notifications/initialized',
      'tools/call',
    ]);
    expect(server.of('initialize')[1]?.headers['mcp-session-id']).toBeUndefined();
  });

  test('is shared anew by all requests that lost it', async () => {
    const { server, upstream } = await connected(
      posted('tools/list', (seen, response) => {
        if (seen.headers['mcp-session-id'] === 'session-1') response.writeHead(404).end();
        else result(response, seen, { tools: [] });
      }),
    );
    const lists = await Promise.all([1, 2, 3, 4].map(() => upstream.request('tools/list')));
    expect(lists).toHaveLength(4);
    expect(server.of('initialize')).toHaveLength(2);
  });

  test('that gets lost again and again is not chased', async () => {
    const { server, upstream } = await connected(
      posted('tools/list', (_, response) => void response.writeHead(404).end()),
    );
    await expect(upstream.request('tools/list')).rejects.toMatchObject({ status: 404 });
    expect(server.of('tools/list')).toHaveLength(2);
    expect(server.of('initialize')).toHaveLength(2);
  });

  test('is replaced, but a tool call that the server had read is not repeated', async () => {
    const { server, upstream } = await connected(
      posted('tools/call', (seen, response) => rpcError(response, 404, seen.rpc.id, -32000)),
    );
    await expect(upstream.request('tools/call', { name: 'x' })).rejects.toMatchObject({ rpcCode: -32000 });
    expect(server.of('tools/call')).toHaveLength(1);
  });

  test('is not given up for an error that answers the request', async () => {
    const { server, upstream } = await connected(
      posted('resources/read', (seen, response) => rpcError(response, 400, seen.rpc.id, -32602)),
    );
    await expect(upstream.request('resources/read', { uri: 'x:y' })).rejects.toMatchObject({ rpcCode: -32602 });
    expect(server.of('initialize')).toHaveLength(1);
  });

  test('refused access while it is opened comes out as its status', async () => {
    const opening = connected(posted('notifications/initialized', (_, response) => void response.writeHead(401).end()));
    await expect(opening).rejects.toMatchObject({ status: 401 });
  });
});

describe('an answer in pieces', () => {
  const streams = (pieces: ((seen: Seen, call: Rpc, response: ServerResponse) => void)[]) => {
    let call: Rpc = {};
    return (seen: Seen, response: ServerResponse): boolean => {
      const isCall = seen.rpc.method === 'tools/call';
      if (isCall) call = seen.rpc;
      const isStream = isCall || seen.http === 'GET';
      if (isStream) pieces.shift()?.(seen, call, response);
      return isStream;
    };
  };

  test('is fetched by GET from the last event on, in the same session', async () => {
    const { server, upstream } = await connected(
      streams([
        (_, __, response) => response.end(void sse(response, 'id: e1\nretry: 100\ndata: \n\n')),
        (_, __, response) => response.end(void sse(response, event({ method: 'notifications/message' }, 'e2'))),
        (_, call, response) => response.end(void sse(response, event({ id: call.id, result: { done: true } }, 'e3'))),
      ]),
    );
    expect(await upstream.request('tools/call', { name: 'x' })).toEqual({ done: true });
    const gets = server.seen.filter(({ http }) => http === 'GET');
    expect(gets.map(({ headers }) => headers['last-event-id'])).toEqual(['e1', 'e2']);
    expect(gets[0]?.headers).toMatchObject({
      accept: 'text/event-stream',
      'mcp-session-id': 'session-1',
      'mcp-protocol-version': '2025-11-25',
      authorization: 'Bearer token-1',
    });
    expect(server.of('tools/call')).toHaveLength(1);
  });

  test('is fetched after a broken connection too', async () => {
    const { upstream } = await connected(
      streams([
        (_, __, response) => {
          sse(response, 'id: e1\nretry: 100\ndata: \n\n');
          setImmediate(() => response.socket?.destroy());
        },
        (_, call, response) => response.end(void sse(response, event({ id: call.id, result: { done: true } }))),
      ]),
    );
    expect(await upstream.request('tools/call', { name: 'x' })).toEqual({ done: true });
  });

  test.each([
    ['gave no event id', 'data: {"method":"x"}\n\n', 0],
    ['asks for too long a wait', 'id: e1\nretry: 999999999\ndata: \n\n', 0],
    ['does not go on (405)', 'id: e1\nretry: 100\ndata: \n\n', 1],
  ])('is given up without a repetition when the server %s', async (_, piece, gets) => {
    const { server, upstream } = await connected(
      posted('tools/call', (__, response) => response.end(void sse(response, piece))),
    );
    await expect(upstream.request('tools/call', { name: 'x' })).rejects.toMatchObject({
      code: 'upstream_invalid_response',
      message: expect.stringContaining('whether the request took effect is unknown'),
    });
    expect(server.seen.filter(({ http }) => http === 'GET')).toHaveLength(gets);
    expect(server.of('tools/call')).toHaveLength(1);
  });

  test('is given up when resuming brings nothing new', async () => {
    const same = (_: Seen, __: Rpc, response: ServerResponse) =>
      void response.end(void sse(response, 'id: e1\nretry: 1\ndata: \n\n'));
    const { server, upstream } = await connected(streams(Array.from({ length: 20 }, () => same)));
    await expect(upstream.request('tools/call', { name: 'x' })).rejects.toMatchObject({
      code: 'upstream_invalid_response',
    });
    expect(server.seen.filter(({ http }) => http === 'GET')).toHaveLength(3);
  });

  test('counts as one answer against the size limit', async () => {
    const piece = (n: number) => (_: Seen, __: Rpc, response: ServerResponse) =>
      void response.end(
        void sse(response, event({ method: 'x', params: 'x'.repeat(4_000) }, `e${n}`).replace('id:', 'retry: 1\nid:')),
      );
    const { upstream } = await connected(streams(Array.from({ length: 20 }, (_, n) => piece(n))));
    await expect(upstream.request('tools/call', { name: 'x' }, { maxBytes: 10_000 })).rejects.toMatchObject({
      code: 'upstream_too_large',
    });
  });

  test('is not resumed in a session that is gone, nor is the call repeated', async () => {
    const { server, upstream } = await connected(
      streams([
        (_, __, response) => response.end(void sse(response, 'id: e1\nretry: 100\ndata: \n\n')),
        (_, __, response) => response.writeHead(404).end(),
      ]),
    );
    await expect(upstream.request('tools/call', { name: 'x' })).rejects.toMatchObject({
      code: 'upstream_invalid_response',
    });
    expect(server.of('tools/call')).toHaveLength(1);
  });
});

describe('what a server sends besides', () => {
  const asks = (request: object) =>
    posted('tools/call', (seen, response) => {
      sse(response, event({ jsonrpc: '2.0', id: 'q1', ...request }));
      response.write(event({ id: seen.rpc.id, result: { content: [] } }));
      response.end();
    });
  const answerFrom = (server: { seen: Seen[] }): Promise<Seen> =>
    until('an answer to the server', () => server.seen.find(({ rpc }) => rpc.id === 'q1'));
  const onElicitation = async () => ({ action: 'accept' as const, content: { name: 'Ada' } });

  test('ping is answered', async () => {
    const { server, upstream } = await connected(asks({ method: 'ping' }));
    await upstream.request('tools/call', { name: 'x' });
    const { rpc, headers } = await answerFrom(server);
    expect(rpc).toEqual({ jsonrpc: '2.0', id: 'q1', result: {} });
    expect(headers['mcp-session-id']).toBe('session-1');
  });

  test.each(['elicitation/create', 'sampling/createMessage', 'roots/list', 'x'])(
    '%s is refused when it was not declared',
    async (method) => {
      const { server, upstream } = await connected(asks({ method }));
      await upstream.request('tools/call', { name: 'x' });
      expect((await answerFrom(server)).rpc).toMatchObject({ id: 'q1', error: { code: -32601 } });
    },
  );

  test('a question is put to the handler when elicitation was declared', async () => {
    const { server, upstream } = await connected(asks({ method: 'elicitation/create', params: { message: 'Who?' } }), {
      capabilities: { elicitation: true },
      onElicitation,
    });
    expect(server.of('initialize')[0]?.rpc.params?.capabilities).toEqual({ elicitation: { form: {} } });
    await upstream.request('tools/call', { name: 'x' });
    expect((await answerFrom(server)).rpc.result).toEqual({ action: 'accept', content: { name: 'Ada' } });
  });

  test.each([
    ['a page to open', { mode: 'url', url: 'https://evil.example' }, onElicitation, -32602],
    ['a handler that fails', {}, () => Promise.reject(new Error('secret')), -32603],
  ])('a question is refused for %s', async (_, params, handler, code) => {
    const { server, upstream } = await connected(asks({ method: 'elicitation/create', params }), {
      capabilities: { elicitation: true },
      onElicitation: handler,
    });
    await upstream.request('tools/call', { name: 'x' });
    const { rpc } = await answerFrom(server);
    expect(rpc.error?.code).toBe(code);
    expect(JSON.stringify(rpc)).not.toContain('secret');
  });

  test("a question may come over the session's own stream", async () => {
    let stream: ServerResponse | null = null;
    const { server, upstream } = await connected(
      (seen, response) => {
        if (seen.http === 'GET') {
          stream = response;
          sse(response, ': open\n\n');
          return true;
        }
        if (seen.rpc.method !== 'tools/call') return false;
        stream?.write(event({ jsonrpc: '2.0', id: 'q1', method: 'elicitation/create', params: {} }));
        void answerFrom(server).then(() => result(response, seen, { content: [] }));
        return true;
      },
      { capabilities: { elicitation: true }, onElicitation },
    );
    expect(await upstream.request('tools/call', { name: 'x' })).toEqual({ content: [] });
    await upstream.close();
  });

  test('a flood of requests is answered in bounds', async () => {
    let asked = 0;
    const release = Promise.withResolvers<{ action: 'cancel' }>();
    const { upstream } = await connected(
      posted('tools/call', (seen, response) => {
        sse(
          response,
          Array.from({ length: 500 }, (_, n) => event({ id: `q${n}`, method: 'elicitation/create' })).join(''),
        );
        response.end(event({ id: seen.rpc.id, result: {} }));
      }),
      {
        capabilities: { elicitation: true },
        onElicitation: () => {
          asked += 1;
          return release.promise;
        },
      },
    );
    await upstream.request('tools/call', { name: 'x' });
    expect(asked).toBe(16);
    release.resolve({ action: 'cancel' });
  });

  test('aborting a request tells the server so', async () => {
    const abort = new AbortController();
    const { server, upstream } = await connected(
      posted('tools/call', (_, response) => {
        sse(response, ': working\n\n');
        abort.abort(new Error('enough'));
      }),
    );
    await expect(upstream.request('tools/call', { name: 'x' }, { signal: abort.signal })).rejects.toThrow('enough');
    const cancelled = await until('a cancellation', () => server.of('notifications/cancelled')[0]);
    expect(cancelled.rpc.params).toEqual({ requestId: server.of('tools/call')[0]?.rpc.id });
  });

  test('answers of 2025-03-26 may come as a batch', async () => {
    const { upstream } = await connected(
      posted('tools/list', (seen, response) =>
        json(response, 200, [{ method: 'x' }, { id: seen.rpc.id, result: { tools: [] } }]),
      ),
    );
    expect(await upstream.request('tools/list')).toEqual({ tools: [] });
  });
});
