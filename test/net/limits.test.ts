import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Outbound } from '../../src/outbound.ts';
import { answering, httpServer, outbound, rawServer } from './servers.ts';

const MIB = 1024 * 1024;
const PURPOSES = ['metadata', 'oauth', 'mcp'] as const satisfies readonly (keyof Outbound)[];
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

/** Writes `bytes` again and again until the peer is gone. */
function drip(socket: Socket, bytes: string): void {
  const timer = setInterval(() => socket.write(bytes), 10);
  socket.once('close', () => clearInterval(timer));
}

describe.each(PURPOSES)('time for %s', (purpose) => {
  const fetch = () => outbound({ limits: { answerTimeoutMs: 200, streamIdleTimeoutMs: 60_000 } })[purpose];

  test('runs out when the server takes the connection and says nothing', async () => {
    const server = await rawServer(() => {});
    await expect(fetch()(server.url)).rejects.toMatchObject({ code: 'upstream_timeout' });
  });

  test('runs out when the headers drip in', async () => {
    const server = await answering((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      drip(socket, 'x: y\r\n');
    });
    await expect(fetch()(server.url)).rejects.toMatchObject({ code: 'upstream_timeout' });
  });

  test('runs out when informational answers never end', async () => {
    const server = await answering((socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'));
    await expect(fetch()(server.url)).rejects.toMatchObject({ code: 'upstream_timeout' });
  });

  test('runs out when the body drips in', async () => {
    const server = await answering((socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
      drip(socket, '1\r\n \r\n');
    });
    const response = await fetch()(server.url);
    const [socket] = server.sockets;
    const closed = new Promise((resolve) => socket?.once('close', resolve));
    await expect(response.text()).rejects.toMatchObject({ code: 'upstream_timeout' });
    await closed;
  });

  test('runs out when nobody reads the body, so that no connection is lost for ever', async () => {
    const server = await httpServer((_, response) => void response.write('x'));
    const response = await fetch()(server.url);
    const [socket] = server.sockets;
    await new Promise((resolve) => socket?.once('close', resolve));
    await expect(response.text()).rejects.toMatchObject({ code: 'upstream_timeout' });
  });
});

describe('time for event streams', () => {
  test('has no end while something comes', async () => {
    const server = await httpServer((_, response) => {
      response.setHeader('content-type', 'text/event-stream; charset=utf-8');
      let left = 60;
      const timer = setInterval(() => {
        left -= 1;
        response.write(': keep-alive\n\n');
        if (left > 0) return;
        clearInterval(timer);
        response.end('data: done\n\n');
      }, 20);
    });
    const { mcp } = outbound({ limits: { answerTimeoutMs: 200, streamIdleTimeoutMs: 600 } });
    expect(await (await mcp(server.url)).text()).toMatch(/done/);
  });

  test('runs out when nothing comes', async () => {
    const server = await httpServer((_, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.write('data: 1\n\n');
    });
    const { mcp } = outbound({ limits: { streamIdleTimeoutMs: 100 } });
    await expect((await mcp(server.url)).text()).rejects.toMatchObject({ code: 'upstream_timeout' });
  });

  test('is an ordinary limit for metadata, whatever the content type says', async () => {
    const server = await httpServer((_, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.write('data: 1\n\n');
    });
    const { metadata } = outbound({ limits: { answerTimeoutMs: 100 } });
    await expect((await metadata(server.url)).text()).rejects.toMatchObject({ code: 'upstream_timeout' });
  });
});

describe('size', () => {
  test.each([
    ['metadata', MIB],
    ['oauth', MIB],
    ['mcp', 16 * MIB],
  ] as const)('of a body for %s may be up to %i bytes', async (purpose, maxBytes) => {
    const server = await httpServer((request, response) => {
      const bytes = request.url === '/over' ? maxBytes + 1 : maxBytes;
      // Without a length, so that only counting tells.
      response.write(Buffer.alloc(10));
      response.end(Buffer.alloc(bytes - 10));
    });
    const fetch = outbound()[purpose];
    expect((await (await fetch(server.url)).arrayBuffer()).byteLength).toBe(maxBytes);
    const over = await fetch(`${server.url}/over`);
    await expect(over.arrayBuffer()).rejects.toMatchObject({ code: 'upstream_too_large' });
  });

  test('that is announced and too large is refused without reading', async () => {
    const server = await answering((socket) => socket.write(`${HEAD}content-length: 10000000000\r\n\r\n`));
    await expect(outbound().metadata(server.url)).rejects.toMatchObject({ code: 'upstream_too_large' });
  });

  test('of 10 MiB comes through mcp unchanged', async () => {
    const body = randomBytes(10 * MIB);
    const server = await httpServer((_, response) => response.end(body));
    const received = Buffer.from(await (await outbound().mcp(server.url)).arrayBuffer());
    expect(received.equals(body)).toBe(true);
  });

  test('of an event stream is not limited', async () => {
    const server = await httpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(Buffer.alloc(20 * MIB));
    });
    expect((await (await outbound().mcp(server.url)).arrayBuffer()).byteLength).toBe(20 * MIB);
  });

  test.each([
    ['one long header', `x: ${'y'.repeat(40_000)}\r\n`],
    ['many headers', 'x-header: y\r\n'.repeat(10_000)],
  ])('of the headers is limited: %s', async (_, headers) => {
    const server = await answering((socket) => socket.end(`${HEAD}${headers}\r\n`));
    await expect(outbound().mcp(server.url)).rejects.toMatchObject({ code: 'upstream_too_large' });
  });
});

describe.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
] as const)('content encoding %s', (coding, compress) => {
  const serving = (body: Buffer) =>
    httpServer((_, response) => response.writeHead(200, { 'content-encoding': coding }).end(body));

  test('is undone, and the headers do not speak of it any more', async () => {
    const text = JSON.stringify({ text: 'grüße '.repeat(50_000) });
    const response = await outbound().metadata((await serving(compress(Buffer.from(text)))).url);
    expect(await response.text()).toBe(text);
    expect(response.headers.has('content-encoding')).toBe(false);
    expect(response.headers.has('content-length')).toBe(false);
  });

  test('cannot hide a bomb', async () => {
    const bomb = compress(Buffer.alloc(24 * MIB));
    expect(bomb.length).toBeLessThan(MIB / 4);
    const server = await serving(bomb);
    const { metadata, mcp } = outbound();
    await expect((await metadata(server.url)).text()).rejects.toMatchObject({ code: 'upstream_too_large' });
    await expect((await mcp(server.url)).text()).rejects.toMatchObject({ code: 'upstream_too_large' });
  });

  test('that is damaged or cut off is an invalid response', async () => {
    const body = compress(randomBytes(5_000));
    for (const damaged of [Buffer.from('this is not compressed'), body.subarray(0, body.length - 20)]) {
      const response = await outbound().metadata((await serving(damaged)).url);
      await expect(response.text()).rejects.toMatchObject({ code: 'upstream_invalid_response' });
    }
  });

  test('lets a fault of the connection through as what it is', async () => {
    const body = compress(randomBytes(5_000)).subarray(0, 2_000);
    const server = await answering((socket) => {
      socket.write(`${HEAD}content-encoding: ${coding}\r\ncontent-length: 5000\r\n\r\n`);
      socket.end(body);
    });
    const response = await outbound().metadata(server.url);
    await expect(response.text()).rejects.toMatchObject({ code: 'upstream_unreachable' });
  });

  test('hands events on as they come', async () => {
    const server = await httpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': coding });
      response.write(compress(Buffer.from('data: first\n\n')));
    });
    const response = await outbound().mcp(server.url);
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: first\n\n');
    await reader?.cancel();
  });
});

test.each(['compress', 'gzip, gzip', 'gzip, br', '__proto__', 'constructor'])(
  'content encoding %j is not understood',
  async (coding) => {
    const server = await httpServer((_, response) => {
      response.writeHead(200, { 'content-encoding': coding }).end('x');
    });
    await expect(outbound().mcp(server.url)).rejects.toMatchObject({ code: 'upstream_invalid_response' });
  },
);

test.each(['gzip', 'identity'])('a second content encoding %j is not understood', async (coding) => {
  const server = await answering((socket) => {
    socket.end(`${HEAD}content-encoding: ${coding}\r\ncontent-encoding: ${coding}\r\ncontent-length: 1\r\n\r\nx`);
  });
  await expect(outbound().mcp(server.url)).rejects.toMatchObject({ code: 'upstream_invalid_response' });
});

test('content encoding identity is none', async () => {
  const server = await httpServer((_, response) =>
    response.writeHead(200, { 'content-encoding': 'identity' }).end('x'),
  );
  expect(await (await outbound().mcp(server.url)).text()).toBe('x');
});
