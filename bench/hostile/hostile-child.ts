// A thousand servers that mean no good, as one process: node hostile-child.ts SERVERS. Each listens on a port of its own
// and has one way to be a burden. Until POST /go on the first port, which is nobody's server, they refuse everything, so
// that they can be added quickly.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

const MIB = 1024 * 1024;
const servers = Number(process.argv[2] ?? '1000');
const JSON_TYPE = { 'content-type': 'application/json' };
const STREAM_TYPE = { 'content-type': 'text/event-stream' };

type Asked = { readonly id: unknown; readonly method: string; readonly cursor: string | undefined };
type Way = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void;

const block = Buffer.alloc(64 * 1024, 'x');
const bomb = gzipSync(Buffer.alloc(64 * MIB, ' '));
const manyTools = Array.from(
  { length: 120_000 },
  (_, i) => `{"name":"tool_${i}","inputSchema":{"type":"object"}}`,
).join();
const deep = '['.repeat(MIB);

/** Writes for as long as somebody reads. */
function pour(response: ServerResponse, chunk: Buffer | string): void {
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

function drip(response: ServerResponse, chunk: string): void {
  const timer = setInterval(() => response.write(chunk), 500);
  response.on('close', () => clearInterval(timer));
}

/** A session that begins well, and what it lists. */
const listing =
  (list: (asked: Asked, response: ServerResponse) => void): Way =>
  (asked, response) => {
    if (asked.method === 'initialize') {
      const result = {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'h', version: '1' },
      };
      response.writeHead(200, JSON_TYPE).end(JSON.stringify({ jsonrpc: '2.0', id: asked.id, result }));
    } else if (asked.method === 'tools/list') list(asked, response);
    else response.writeHead(asked.method === 'server/discover' ? 404 : 202).end();
  };
const answer = (asked: Asked, response: ServerResponse, result: string): void =>
  void response.writeHead(200, JSON_TYPE).end(`{"jsonrpc":"2.0","id":${JSON.stringify(asked.id)},"result":${result}}`);

const WAYS: Readonly<Record<string, Way>> = {
  'body without end': (_, response) => pour(response.writeHead(200, JSON_TYPE), block),
  'body that drips': (_, response) => drip(response.writeHead(200, JSON_TYPE), ' '),
  'headers that drip': (_, response) => {
    response.socket?.write('HTTP/1.1 200 OK\r\n');
    const timer = setInterval(() => response.socket?.write('x: y\r\n'), 500);
    response.socket?.on('close', () => clearInterval(timer));
  },
  'large headers': (_, response) => void response.socket?.end(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(50_000)}\r\n`),
  silence: () => undefined,
  'redirects in a circle': (_, response, { url }) =>
    void response.writeHead(307, { location: `/mcp?${Number(url?.split('?')[1] ?? 0) + 1}` }).end(),
  'deep JSON': (_, response) => void response.writeHead(200, JSON_TYPE).end(deep),
  'compressed bomb': (_, response) =>
    void response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(bomb),
  'events without end': (_, response) => pour(response.writeHead(200, STREAM_TYPE), ': nothing\n\n'.repeat(5_000)),
  'line without end': (_, response) => pour(response.writeHead(200, STREAM_TYPE), `data: ${block}`),
  'tools without end': listing((asked, response) => answer(asked, response, `{"tools":[${manyTools}]}`)),
  'pages without end': listing((asked, response) =>
    answer(asked, response, `{"tools":[],"nextCursor":"${Number(asked.cursor ?? 0) + 1}"}`),
  ),
  'list without end': listing((_, response) => {
    response.writeHead(200, JSON_TYPE).write('{"jsonrpc":"2.0","id":1,"result":{"tools":[');
    pour(response, '{"name":"x"},'.repeat(4_000));
  }),
  'no HTTP': (_, response) => void response.socket?.end('\0\0\0 hello\r\n\r\n'),
};
const ways = Object.values(WAYS);

let isHostile = false;
async function serve(way: Way, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  if (!isHostile) return void response.writeHead(404).end();
  response.on('error', () => undefined);
  if (request.method !== 'POST') return void response.writeHead(405).end();
  const { id, method, params } = JSON.parse(text || '{}');
  way({ id, method, cursor: params?.cursor }, response, request);
}

function listen(server: Server): Promise<string> {
  server.on('clientError', (_, socket) => socket.destroy());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
  // Whoever is talked to hangs up at any moment; that is what is measured.
  if (!['ECONNRESET', 'EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'].includes(error.code ?? ''))
    throw error;
});
const control = await listen(
  createServer((_, response) => {
    isHostile = true;
    response.end('going\n');
  }),
);
const urls: string[] = [];
for (let i = 0; i < servers; i += 1) {
  const way = ways[i % ways.length] as Way;
  urls.push(`${await listen(createServer((request, response) => void serve(way, request, response)))}/mcp`);
}
process.stdout.write(`${JSON.stringify({ control, urls, ways: Object.keys(WAYS) })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
