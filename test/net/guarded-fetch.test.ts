import { getEventListeners, once } from 'node:events';
import type { Socket } from 'node:net';
import * as oauth4webapi from 'oauth4webapi';
import { describe, expect, test } from 'vitest';
import { answering, bodyOf, httpServer, outbound } from './servers.ts';

describe('the request', () => {
  const echo = () =>
    httpServer(async (request, response) => {
      const { method, url, headers } = request;
      response.end(JSON.stringify({ method, url, headers, body: await bodyOf(request) }));
    });

  test('goes out as it was given, with the user agent', async () => {
    const server = await echo();
    const response = await outbound().oauth(`${server.url}/token?x=1#fragment`, {
      method: 'POST',
      headers: new Headers({ accept: 'application/json' }),
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'r&t' }),
    });
    expect(await response.json()).toMatchObject({
      method: 'POST',
      url: '/token?x=1',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
        'user-agent': 'Chatelaine/test',
      },
      body: 'grant_type=refresh_token&refresh_token=r%26t',
    });
  });

  test.each([
    ['pairs', [['X-One', '1']] as [string, string][]],
    ['an object', { 'X-One': '1' }],
    ['Headers', new Headers({ 'X-One': '1' })],
  ])('takes headers as %s', async (_, headers) => {
    const server = await echo();
    const body = new TextEncoder().encode('bytes');
    const seen = await (await outbound().mcp(server.url, { method: 'POST', headers, body })).json();
    expect(seen).toMatchObject({ headers: { 'x-one': '1' }, body: 'bytes' });
  });

  test('carries no cookies, no Referer, no Host and no hop-by-hop header of the caller', async () => {
    const server = await echo();
    const headers = {
      Cookie: 'session=1',
      Referer: 'https://hub.example/secret',
      Host: 'internal.example',
      Connection: 'upgrade',
      Upgrade: 'websocket',
      'Content-Length': '99',
      'Transfer-Encoding': 'chunked',
      Expect: '100-continue',
      'Proxy-Authorization': 'Basic x',
      TE: 'trailers',
    };
    const response = await outbound().mcp(server.url, { method: 'POST', headers, body: 'hello' });
    const { headers: seen, body } = (await response.json()) as { headers: Record<string, string>; body: string };
    expect(body).toBe('hello');
    expect(seen.host).toBe(server.url.slice('http://'.length));
    expect(seen['content-length']).toBe('5');
    for (const name of ['cookie', 'referer', 'upgrade', 'transfer-encoding', 'expect', 'proxy-authorization', 'te']) {
      expect(seen).not.toHaveProperty(name);
    }
  });

  test('with a malformed header is refused before anything is sent, and the value is not told', async () => {
    const server = await echo();
    const error = await outbound()
      .mcp(server.url, { headers: [['authorization', 'Bearer s3cret\r\nX: y']] })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'invalid_request' });
    expect(String(error) + String((error as Error).cause)).not.toContain('s3cret');
  });

  test('with a body that is not in memory is a mistake of the caller', async () => {
    const sending = outbound().mcp('http://127.0.0.1:9999/', { method: 'POST', body: new FormData() });
    await expect(sending).rejects.toThrow(TypeError);
  });

  test.each(['', 'not a url', '/relative', 'http://[', 'https://'])('to %j is an invalid request', async (url) => {
    await expect(outbound().metadata(url)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('the answer', () => {
  test.each([200, 204, 205, 304, 400, 401, 404, 429, 500, 503, 599])(
    'of status %i is an answer and no error',
    async (status) => {
      const server = await httpServer((_, response) => response.writeHead(status, { 'x-one': '1' }).end());
      const response = await outbound().oauth(server.url);
      expect(response).toBeInstanceOf(Response);
      expect([response.status, response.headers.get('x-one'), await response.text()]).toEqual([status, '1', '']);
    },
  );

  test('to HEAD has no body', async () => {
    const server = await httpServer((_, response) => response.writeHead(200, { 'content-length': '5' }).end());
    const response = await outbound().metadata(server.url, { method: 'HEAD' });
    expect([response.headers.get('content-length'), response.body]).toEqual(['5', null]);
  });

  test('keeps repeated headers apart from cookies, which are dropped', async () => {
    const server = await httpServer((_, response) => {
      response.setHeader('www-authenticate', ['Basic realm="a"', 'Bearer realm="b"']);
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.writeHead(401).end();
    });
    const { headers } = await outbound().mcp(server.url);
    expect(headers.get('www-authenticate')).toBe('Basic realm="a", Bearer realm="b"');
    expect(headers.getSetCookie()).toEqual([]);
  });

  test('after informational answers is the final one', async () => {
    const server = await answering((socket) => {
      socket.end('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    });
    expect(await (await outbound().metadata(server.url)).text()).toBe('ok');
  });

  test.each([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['a status beyond 599', 'HTTP/1.1 777 Odd\r\ncontent-length: 0\r\n\r\n'],
  ])('that is malformed (%s) is an invalid response', async (_, bytes) => {
    const server = await answering((socket) => socket.end(bytes));
    await expect(outbound().metadata(server.url)).rejects.toMatchObject({ code: 'upstream_invalid_response' });
  });

  test.each([
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    ],
  ])('that could be cut in two ways (%s) is a fault', async (_, bytes) => {
    const server = await answering((socket) => socket.end(bytes));
    await expect(outbound().metadata(server.url)).rejects.toMatchObject({ code: 'upstream_unreachable' });
  });

  test('that asks for an upgrade is a fault', async () => {
    const server = await answering((socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
    });
    await expect(outbound().mcp(server.url)).rejects.toMatchObject({ code: 'upstream_unreachable' });
  });

  test.each([
    ['before a byte', ''],
    ['in the headers', 'HTTP/1.1 200 OK\r\ncontent-'],
  ])('that breaks off %s makes the request fail', async (_, bytes) => {
    const server = await answering((socket) => socket.end(bytes));
    await expect(outbound().mcp(server.url)).rejects.toMatchObject({ code: 'upstream_unreachable' });
  });

  test.each([
    ['with a length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'],
    ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('whose body %s breaks off makes the reading fail', async (_, bytes) => {
    const server = await answering((socket) => socket.end(bytes));
    const response = await outbound().mcp(server.url);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toMatchObject({ code: 'upstream_unreachable' });
  });

  test('is one that oauth4webapi accepts', async () => {
    const server = await httpServer((_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ issuer: `${server.url}/`, authorization_endpoint: `${server.url}/a` }));
    });
    const { metadata } = outbound();
    const issuer = new URL(server.url);
    const response = await oauth4webapi.discoveryRequest(issuer, {
      algorithm: 'oauth2',
      [oauth4webapi.allowInsecureRequests]: true,
      [oauth4webapi.customFetch]: (url, { method, headers, signal }) =>
        metadata(url, { method, headers, signal: signal ?? null }),
    });
    const found = await oauth4webapi.processDiscoveryResponse(issuer, response);
    expect(found.authorization_endpoint).toBe(`${server.url}/a`);
  });
});

describe('connections', () => {
  test('are kept and used again', async () => {
    const sockets = new Set<Socket>();
    const server = await httpServer((request, response) => {
      sockets.add(request.socket);
      response.end('x'.repeat(100_000));
    });
    const { mcp } = outbound();
    for (let i = 0; i < 10; i += 1) await (await mcp(server.url)).text();
    // Two take turns: a connection is free again one turn of the event loop after its answer's end.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  test('are not used again for token requests, which must not meet one that is just closing', async () => {
    const sockets = new Set<Socket>();
    const server = await httpServer((request, response) => {
      sockets.add(request.socket);
      response.end('{}');
    });
    const { oauth } = outbound();
    for (let i = 0; i < 3; i += 1) await (await oauth(server.url, { method: 'POST', body: 'x=1' })).text();
    expect(sockets.size).toBe(3);
  });

  test('are given back when a body is cancelled', async () => {
    const server = await httpServer((_, response) => void response.write('x'.repeat(100)));
    const response = await outbound().mcp(server.url);
    const [socket] = server.sockets;
    await response.body?.cancel();
    if (socket?.destroyed === false) await once(socket, 'close');
    expect(server.sockets.size).toBe(0);
  });

  test('are dropped by close, and what is in flight fails', async () => {
    const server = await httpServer(() => {});
    const made = outbound();
    const waiting = expect(made.mcp(server.url)).rejects.toMatchObject({ code: 'upstream_unreachable' });
    while (server.sockets.size === 0) await new Promise(setImmediate);
    await made.close();
    await waiting;
  });

  test('of a slow reader hold the sender back', async () => {
    const total = 64 * 1024 * 1024;
    const chunk = Buffer.alloc(64 * 1024);
    let sent = 0;
    const stalled = Promise.withResolvers<void>();
    const server = await httpServer(async (_, response) => {
      response.setHeader('content-type', 'text/event-stream');
      while (sent < total) {
        sent += chunk.length;
        if (response.write(chunk)) continue;
        // Nothing is read any more when the buffers of both kernels are full.
        const drained = await Promise.race([
          once(response, 'drain').then(() => true),
          new Promise((resolve) => setTimeout(() => resolve(false), 300)),
        ]);
        if (drained !== true) {
          stalled.resolve();
          await once(response, 'drain');
        }
      }
      response.end();
    });
    const response = await outbound().mcp(server.url);
    await stalled.promise;
    expect(sent).toBeLessThan(total / 2);
    let received = 0;
    for await (const part of response.body ?? []) received += part.length;
    expect(received).toBe(total);
  });
});

describe("the caller's signal", () => {
  const reason = new Error('the user went away');

  test('stops a request before it is sent', async () => {
    const server = await httpServer((_, response) => response.end());
    await expect(outbound().mcp(server.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.sockets.size).toBe(0);
  });

  test('stops the waiting for an answer and closes the connection', async () => {
    const abort = new AbortController();
    const server = await httpServer((request) => {
      request.socket.once('close', () => closed.resolve());
      abort.abort(reason);
    });
    const closed = Promise.withResolvers<void>();
    await expect(outbound().mcp(server.url, { signal: abort.signal })).rejects.toBe(reason);
    await closed.promise;
  });

  test.each(['identity', 'gzip'])('stops the reading of a body (%s) with its own reason', async (coding) => {
    const abort = new AbortController();
    const server = await httpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': coding });
      response.flushHeaders();
    });
    const response = await outbound().mcp(server.url, { signal: abort.signal });
    const reading = expect(response.text()).rejects.toBe(reason);
    abort.abort(reason);
    await reading;
  });

  test('does nothing after the end, and nothing of the request stays with it', async () => {
    const abort = new AbortController();
    const server = await httpServer((_, response) => response.end('done'));
    const response = await outbound().mcp(server.url, { signal: abort.signal });
    const text = await response.text();
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    abort.abort(reason);
    expect(text).toBe('done');
  });
});
