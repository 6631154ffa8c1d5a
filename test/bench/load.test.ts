// The benchmark's load catches gateways that would look fast by doing less.

import { createServer, type RequestListener, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCountedLoad } from '../../bench/rig/counted-load.ts';
import { runLoad } from '../../bench/rig/load.ts';
import { createUpstream } from '../../bench/rig/upstream.ts';

const TOKEN = 'token-of-the-load-test';
const servers: Server[] = [];
let upstream = '';

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

/** A proxy that does `change` to what the server answered to request `id`. */
function meddler(change: (text: string, id: number) => string): RequestListener {
  return async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const copied = ['content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name'].map((name) => [
      name,
      String(request.headers[name]),
    ]);
    const headers = { ...Object.fromEntries(copied), authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${upstream}/mcp`, { method: 'POST', headers, body });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(change(await answer.text(), JSON.parse(body.toString()).id));
  };
}

const CALLS = 20;
/** Ends with its calls, however busy the machine is. */
const short = { inFlight: 2, callsMax: CALLS, seconds: 20, warmupSeconds: 0, tool: 'echo', verifyEvery: 1 };

beforeAll(async () => {
  upstream = await listening(createUpstream({ token: TOKEN, tools: 45 }));
});
afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

describe.each(['json', 'sse'])('answers as %s', (mode) => {
  test.each([
    ['legacy', 200],
    ['legacy', 1_000_000],
    ['modern', 200],
    ['modern', 20_000],
  ] as const)('%s, %i B: every call is right', async (era, sizeBytes) => {
    await fetch(`${upstream}/__mode?sse=${mode === 'sse' ? 1 : 0}`, { method: 'POST' });
    const authorization = `Bearer ${TOKEN}`;
    const figures = await runLoad({ ...short, url: `${upstream}/mcp`, authorization, era, sizeBytes });
    await fetch(`${upstream}/__mode?sse=0`, { method: 'POST' });
    expect(figures).toMatchObject({ requests: CALLS, errors: 0, errorKinds: {} });
  });
});

test('the older server refuses what is new', async () => {
  const authorization = `Bearer ${TOKEN}`;
  const load = { ...short, url: `${upstream}/legacy/mcp`, authorization, sizeBytes: 200 };
  expect(await runLoad({ ...load, era: 'legacy' })).toMatchObject({ errors: 0 });
  const figures = await runLoad({ ...load, era: 'modern' });
  expect(Object.keys(figures.errorKinds)).toEqual(['http_400']);
});

let cached: string | undefined;
test.each<[string, (text: string, id: number) => string, string]>([
  [
    'answers from a cache',
    (text, id) => {
      cached ??= text;
      return cached.replace(/"id":\d+/, `"id":${id}`);
    },
    'wrong_reply',
  ],
  ['cuts short', (text) => text.slice(0, 150), 'short'],
  ['mixes replies up', (text, id) => text.replace(/"id":\d+/, `"id":${id + 1}`), 'wrong_reply'],
  ['keeps the length and changes the text', (text) => text.replace(/Reconnect/g, 'XXXXXXXXX'), 'wrong_reply'],
])('a proxy that %s has errors', async (_, change, kind) => {
  const url = `${await listening(meddler(change))}/mcp`;
  const figures = await runLoad({ ...short, url, authorization: null, era: 'modern', sizeBytes: 400 });
  expect(Object.keys(figures.errorKinds)).toEqual([kind]);
  expect(figures.requests).toBeLessThanOrEqual(1);
});

test('right replies that never reached the server are errors', async () => {
  const elsewhere = await listening(createUpstream({ token: TOKEN, tools: 45 }));
  const authorization = `Bearer ${TOKEN}`;
  const load = { ...short, authorization, era: 'modern', sizeBytes: 200 } as const;
  expect(await runCountedLoad(upstream, { ...load, url: `${upstream}/mcp` })).toMatchObject({ errors: 0 });
  const figures = await runCountedLoad(upstream, { ...load, url: `${elsewhere}/mcp` });
  expect(figures.errorKinds).toEqual({ not_forwarded: CALLS });
});
