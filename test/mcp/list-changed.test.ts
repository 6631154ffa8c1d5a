import type { ServerResponse } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { watchToolList } from '../../src/mcp/list-changed.ts';
import { until } from '../support/until.ts';
import type { Reply } from './mini-server.ts';
import { event, json, legacy, miniServer, modern, OPTIONS, rpcError, sse } from './mini-server.ts';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const CHANGED = 'notifications/tools/list_changed';

async function watch(reply: Reply) {
  const server = await miniServer(reply);
  const abort = new AbortController();
  const onChange = vi.fn();
  const onReady = vi.fn();
  const ended = watchToolList({ ...OPTIONS, url: server.url, onChange, onReady, signal: abort.signal });
  ended.catch(() => undefined);
  return { server, abort, onChange, onReady, ended };
}

describe('watchToolList at a modern server', () => {
  const stamped = (id: unknown, method: string, params: object = {}) =>
    event({ method, params: { ...params, _meta: { [SUBSCRIPTION]: id } } });
  const acknowledged = (id: unknown, toolsListChanged: unknown = true) =>
    stamped(id, 'notifications/subscriptions/acknowledged', { notifications: { toolsListChanged } });
  const listening = (script: (id: unknown, response: ServerResponse) => void): Reply =>
    modern((seen, response) => {
      if (seen.rpc.method !== 'subscriptions/listen') return false;
      script(seen.rpc.id, response);
      return true;
    });

  test('asks for tool changes, is ready once that is granted, and tells each of its own', async () => {
    const { server, onChange, onReady, ended } = await watch(
      listening((id, response) => {
        sse(
          response,
          `: hello\n\n${acknowledged(id)}${stamped('other', CHANGED)}${stamped(id, CHANGED)}: ping\n\n${stamped(id, CHANGED)}`,
        );
        response.end(event({ id, result: { _meta: { [SUBSCRIPTION]: id } } }));
      }),
    );
    expect(await ended).toBe('closed');
    expect(onReady).toHaveBeenCalledOnce();
    expect(onChange).toHaveBeenCalledTimes(2);
    expect(server.of('subscriptions/listen')[0]).toMatchObject({
      rpc: { params: { notifications: { toolsListChanged: true } } },
      headers: { 'mcp-method': 'subscriptions/listen', authorization: 'Bearer token-1' },
    });
  });

  test.each<[string, Reply]>([
    ['does not grant it', listening((id, response) => sse(response, acknowledged(id, false)))],
    ['does not know the method', modern(() => false)],
    ['does not know the method in 200', listening((id, response) => rpcError(response, 200, id, -32601))],
  ])('is unsupported when the server %s', async (_, reply) => {
    const { ended, onReady } = await watch(reply);
    expect(await ended).toBe('unsupported');
    expect(onReady).not.toHaveBeenCalled();
  });

  test('fails when the server has no room, and when it asks for a credential', async () => {
    const full = await watch(listening((id, response) => rpcError(response, 200, id, -32603)));
    await expect(full.ended).rejects.toMatchObject({ rpcCode: -32603 });
    const locked = await watch(listening((_, response) => void response.writeHead(401).end()));
    await expect(locked.ended).rejects.toMatchObject({ status: 401 });
  });

  test('is closed by a broken connection, and by the caller', async () => {
    const broken = await watch(
      listening((id, response) => {
        sse(response, acknowledged(id));
        setImmediate(() => response.socket?.destroy());
      }),
    );
    expect(await broken.ended).toBe('closed');

    const closed = Promise.withResolvers<void>();
    const left = await watch(
      listening((id, response) => {
        response.on('close', () => closed.resolve());
        sse(response, acknowledged(id));
      }),
    );
    await until('the watch to be ready', () => left.onReady.mock.calls.length === 1);
    left.abort.abort();
    expect(await left.ended).toBe('closed');
    await closed.promise;
  });
});

describe('watchToolList at a legacy server', () => {
  test('listens on the stream of its session and ends the session after', async () => {
    const { server, onChange, onReady, ended } = await watch(
      legacy((seen, response) => {
        if (seen.http !== 'GET') return false;
        sse(response, event({ method: 'notifications/message' }) + event({ method: CHANGED }));
        response.end();
        return true;
      }),
    );
    expect(await ended).toBe('closed');
    expect(onReady).toHaveBeenCalledOnce();
    expect(onChange).toHaveBeenCalledOnce();
    expect(server.methods().slice(1)).toEqual(['initialize', 'notifications/initialized', 'GET', 'DELETE']);
    expect(server.seen[3]?.headers).toMatchObject({ accept: 'text/event-stream', 'mcp-session-id': 'session-1' });
  });

  test('answers a ping meanwhile, and ends when the caller wants', async () => {
    const { server, abort, ended } = await watch(
      legacy((seen, response) => {
        if (seen.http !== 'GET') return false;
        sse(response, event({ id: 'p1', method: 'ping' }));
        return true;
      }),
    );
    await until('an answer to ping', () => server.seen.find(({ rpc }) => rpc.id === 'p1'));
    abort.abort();
    expect(await ended).toBe('closed');
  });

  test('is unsupported without a stream, and when changes were not promised', async () => {
    expect(await (await watch(legacy(() => false))).ended).toBe('unsupported');
    const silent = await watch(
      legacy((seen, response) => {
        if (seen.rpc.method !== 'initialize') return false;
        json(response, 200, {
          id: seen.rpc.id,
          result: { protocolVersion: '2025-06-18', capabilities: { tools: {} } },
        });
        return true;
      }),
    );
    expect(await silent.ended).toBe('unsupported');
    expect(silent.server.methods()).not.toContain('GET');
  });
});

test('watchToolList listens on the one stream of a 2024-11-05 server', async () => {
  let stream: ServerResponse | null = null;
  const { onChange, onReady, ended } = await watch((seen, response) => {
    if (seen.http === 'GET') {
      stream = response;
      sse(response, 'event: endpoint\ndata: /messages\n\n');
      return;
    }
    if (seen.path !== '/messages') return void response.writeHead(405).end();
    response.writeHead(202).end();
    const greeting = { protocolVersion: '2024-11-05', capabilities: { tools: { listChanged: true } } };
    if (seen.rpc.method === 'initialize') stream?.write(event({ id: seen.rpc.id, result: greeting }));
    if (seen.rpc.method === 'notifications/initialized') {
      void until('the watch to be ready', () => onReady.mock.calls.length === 1).then(() =>
        stream?.end(event({ method: CHANGED })),
      );
    }
  });
  expect(await ended).toBe('closed');
  expect(onChange).toHaveBeenCalledOnce();
});
