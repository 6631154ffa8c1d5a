import { describe, expect, test } from 'vitest';
import type { Upstream } from '../../src/mcp/upstream.ts';
import { openUpstream } from '../../src/mcp/upstream.ts';
import type { MiniServer, Reply } from './mini-server.ts';
import { event, miniServer, modern, OPTIONS, result, rpcError, sse, tool } from './mini-server.ts';

/** A modern server with one answer to everything but the probe, and a connection to it. */
async function connected(answer: Reply, more: object = {}): Promise<{ server: MiniServer; upstream: Upstream }> {
  const server = await miniServer(
    modern((seen, response) => {
      if (seen.rpc.method === 'server/discover') return false;
      void answer(seen, response);
      return true;
    }),
  );
  const upstream = await openUpstream({ ...OPTIONS, url: server.url, ...more });
  server.seen.length = 0;
  return { server, upstream };
}

describe('a modern request', () => {
  test('says in _meta and headers what this era wants, under a new id each time', async () => {
    const { server, upstream } = await connected((seen, response) => result(response, seen, {}));
    await upstream.request('prompts/get', { name: 'Grüße', _meta: { traceparent: 'x' } });
    await upstream.request('resources/read', { uri: 'file:///a b' });
    const [first, second] = server.seen;
    expect(first?.rpc.params).toEqual({
      name: 'Grüße',
      _meta: {
        traceparent: 'x',
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': OPTIONS.clientInfo,
      },
    });
    expect(first?.headers).toMatchObject({
      authorization: 'Bearer token-1',
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'prompts/get',
      'mcp-name': '=?base64?R3LDvMOfZQ==?=',
    });
    expect(second?.headers).toMatchObject({ 'mcp-method': 'resources/read', 'mcp-name': 'file:///a b' });
    expect(second?.headers['mcp-session-id']).toBeUndefined();
    expect(first?.rpc.id).not.toBe(second?.rpc.id);
  });

  test('mirrors the arguments that the tool wants mirrored', async () => {
    const { server, upstream } = await connected((seen, response) => result(response, seen, {}));
    const properties = { region: { type: 'string', 'x-mcp-header': 'Region' } };
    const definition = tool('t', { inputSchema: { type: 'object', properties } });
    await upstream.request('tools/call', { name: 't', arguments: { region: 'eu' } }, { tool: definition });
    expect(server.seen[0]?.headers).toMatchObject({ 'mcp-name': 't', 'mcp-param-region': 'eu' });
  });

  test('declares elicitation when somebody can answer it', async () => {
    const onElicitation = async () => ({ action: 'cancel' as const });
    const { server, upstream } = await connected((seen, response) => result(response, seen, {}), {
      capabilities: { elicitation: true },
      onElicitation,
    });
    await upstream.request('tools/list');
    expect(server.seen[0]?.rpc.params?._meta).toMatchObject({
      'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
    });
  });

  test('uses no id of another connection, so that an answer to a question may come over a later one', async () => {
    const { server, upstream } = await connected((seen, response) => result(response, seen, {}));
    const later = await openUpstream({ ...OPTIONS, url: server.url });
    server.seen.length = 0;
    await upstream.request('tools/call', { name: 'x' });
    await later.request('tools/call', { name: 'x', inputResponses: {} });
    expect(server.methods()).toEqual(['tools/call', 'tools/call']);
    expect(server.seen[0]?.rpc.id).not.toBe(server.seen[1]?.rpc.id);
  });

  test.each<[string, string, Record<string, unknown>]>([
    ['no type', 'tools/list', { tools: [] }],
    ['complete', 'tools/call', { resultType: 'complete', content: [] }],
    ['input_required', 'tools/call', { resultType: 'input_required', requestState: 's' }],
  ])('takes a result of type %s', async (_, method, value) => {
    const { upstream } = await connected((seen, response) => result(response, seen, value));
    expect(await upstream.request(method, { name: 'x' })).toEqual(value);
  });

  test.each([
    ['tools/call', 'partial'],
    ['tools/call', 7],
    ['tools/list', 'input_required'],
  ])('refuses a result of %s with type %j', async (method, resultType) => {
    const { upstream } = await connected((seen, response) => result(response, seen, { resultType }));
    await expect(upstream.request(method, { name: 'x' })).rejects.toMatchObject({ code: 'upstream_invalid_response' });
  });

  test('tells progress to who asked for it, and other notifications to who listens', async () => {
    const notified: unknown[] = [];
    const { server, upstream } = await connected(
      (seen, response) => {
        const progress = (progressToken: unknown) => ({
          method: 'notifications/progress',
          params: { progressToken, progress: 1 },
        });
        const { progressToken } = (seen.rpc.params?._meta ?? {}) as { progressToken?: unknown };
        const log = { method: 'notifications/message', params: { data: 'x' } };
        sse(response, event(progress(progressToken)) + event(progress('other')) + event(log));
        response.end(event({ id: seen.rpc.id, result: {} }));
      },
      { onNotification: (method: string) => notified.push(method) },
    );
    const progressed: unknown[] = [];
    await upstream.request('tools/call', { name: 't' }, { onProgress: (params) => progressed.push(params) });
    expect(progressed).toEqual([{ progressToken: server.seen[0]?.rpc.id, progress: 1 }]);
    expect(notified).toEqual(['notifications/progress', 'notifications/message']);
  });

  test('passes over requests that a server of this era must not send', async () => {
    const { server, upstream } = await connected((seen, response) => {
      sse(response, event({ id: 1, method: 'ping' }) + event({ id: seen.rpc.id, result: { a: 1 } }));
      response.end();
    });
    expect(await upstream.request('tools/list')).toEqual({ a: 1 });
    expect(server.seen).toHaveLength(1);
  });
});

describe('a modern request that goes wrong', () => {
  test('tells a JSON-RPC error with its code, words and data', async () => {
    const { upstream } = await connected((seen, response) =>
      rpcError(response, 400, seen.rpc.id, -32602, { field: 'x' }),
    );
    await expect(upstream.request('tools/call', { name: 'x' })).rejects.toMatchObject({
      code: 'rpc_error',
      rpcCode: -32602,
      rpcData: { field: 'x' },
      rpcMessage: 'error -32602',
      details: { upstreamCode: '-32602', upstreamStatus: 400 },
    });
  });

  test('keeps no data of unreasonable size', async () => {
    const { upstream } = await connected((seen, response) =>
      rpcError(response, 200, seen.rpc.id, -32000, 'x'.repeat(100_000)),
    );
    await expect(upstream.request('tools/call', { name: 'x' })).rejects.toMatchObject({ rpcData: undefined });
  });

  test('an unknown method in 404 does not shake the era', async () => {
    const { server, upstream } = await connected((seen, response) => rpcError(response, 404, seen.rpc.id, -32601));
    await expect(upstream.request('prompts/list')).rejects.toMatchObject({ rpcCode: -32601 });
    expect(server.methods()).toEqual(['prompts/list']);
  });

  test('HTTP 404 without a body does not shake the era of a server that was just asked', async () => {
    const { server, upstream } = await connected((_, response) => void response.writeHead(404).end());
    await expect(upstream.request('prompts/list')).rejects.toMatchObject({ status: 404 });
    expect(server.methods()).toEqual(['prompts/list']);
  });

  test('is sent once more with the version the server asks for, tools/call too', async () => {
    let isFirst = true;
    const { server, upstream } = await connected((seen, response) => {
      if (!isFirst) return result(response, seen, { content: [] });
      isFirst = false;
      rpcError(response, 400, seen.rpc.id, -32022, { supported: ['2026-07-28'] });
    });
    expect(await upstream.request('tools/call', { name: 'x' })).toEqual({ content: [] });
    expect(server.methods()).toEqual(['tools/call', 'tools/call']);
    expect(server.seen[0]?.rpc.id).not.toBe(server.seen[1]?.rpc.id);
  });

  test('a list whose stream broke off is asked for once more under a new id', async () => {
    let isFirst = true;
    const { server, upstream } = await connected((seen, response) => {
      if (!isFirst) return result(response, seen, { tools: [] });
      isFirst = false;
      sse(response, 'id: 1\ndata: {"method":"x"}\n\n');
      response.end();
    });
    expect(await upstream.request('tools/list')).toEqual({ tools: [] });
    expect(server.methods()).toEqual(['tools/list', 'tools/list']);
    expect(server.seen[0]?.rpc.id).not.toBe(server.seen[1]?.rpc.id);
  });

  test('a tool call whose stream broke off is never sent again', async () => {
    const { server, upstream } = await connected((_, response) => {
      sse(response, 'id: 1\ndata: {"method":"x"}\n\n');
      response.end();
    });
    await expect(upstream.request('tools/call', { name: 'x' })).rejects.toMatchObject({
      code: 'upstream_invalid_response',
    });
    expect(server.seen).toHaveLength(1);
  });

  test('a broken connection is an error with a code, and a tool call is not repeated', async () => {
    const { server, upstream } = await connected((_, response) => void response.socket?.destroy());
    await expect(upstream.request('tools/call', { name: 'x' })).rejects.toMatchObject({ code: 'upstream_unreachable' });
    expect(server.of('tools/call')).toHaveLength(1);
  });

  test('aborting closes the stream, which cancels the call, and nothing more is sent', async () => {
    const abort = new AbortController();
    const closed = Promise.withResolvers<void>();
    const { server, upstream } = await connected((_, response) => {
      response.on('close', () => closed.resolve());
      sse(response, ': working\n\n');
      abort.abort(new Error('enough'));
    });
    await expect(upstream.request('tools/call', { name: 'x' }, { signal: abort.signal })).rejects.toThrow('enough');
    await closed.promise;
    await upstream.close();
    expect(server.methods()).toEqual(['tools/call']);
  });

  test('an answer larger than the caller allows is not read to its end', async () => {
    const { upstream } = await connected((_, response) => {
      sse(response, '');
      const more = (): void => {
        while (!response.destroyed && response.write(`: ${'x'.repeat(10_000)}\n`));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await expect(upstream.request('tools/list', {}, { maxBytes: 100_000 })).rejects.toMatchObject({
      code: 'upstream_too_large',
    });
  });
});
