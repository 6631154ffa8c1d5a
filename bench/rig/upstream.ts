// The mock MCP server behind everything that is measured. `/mcp` speaks both eras, `/legacy/mcp` only the older
// one; both want the bearer token. Control, without one: GET /__counts, POST /__mode?sse=0|1.

import type { RequestListener, ServerResponse } from 'node:http';
import { type Answer, createAnswering } from './upstream-protocol.ts';

const BODY_MAX_BYTES = 16 * 1024 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' };
const EVENT_HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' };

export function createUpstream({ token, tools }: { readonly token: string; readonly tools: number }): RequestListener {
  const expected = `Bearer ${token}`;
  const counts = { calls: 0, lists: 0, initializes: 0, rejected: 0 };
  const open = new Set<string>();
  const answering = createAnswering(tools, { open, counts });
  let sse = false;

  const send = (response: ServerResponse, { status, body, plain, headers }: Answer): void => {
    if (body === null) {
      response.writeHead(status).end();
    } else if (sse && !plain) {
      response.writeHead(status, { ...EVENT_HEADERS, ...headers });
      response.end(`event: message\ndata: ${body}\n\n`);
    } else {
      response.writeHead(status, { ...JSON_TYPE, 'content-length': Buffer.byteLength(body), ...headers });
      response.end(body);
    }
  };

  return (request, response) => {
    const path = request.url ?? '';
    if (path === '/__counts') return send(response, { status: 200, plain: true, body: JSON.stringify(counts) });
    if (path.startsWith('/__mode')) {
      sse = path.endsWith('sse=1');
      return send(response, { status: 200, plain: true, body: JSON.stringify({ sse }) });
    }
    if (request.headers.authorization !== expected) {
      request.resume();
      const headers = { 'www-authenticate': 'Bearer' };
      return send(response, { status: 401, plain: true, body: '{"error":"invalid_token"}', headers });
    }
    const legacyOnly = path === '/legacy/mcp';
    if (!legacyOnly && path !== '/mcp') {
      request.resume();
      return send(response, { status: 404, body: null });
    }
    if (request.method !== 'POST') {
      request.resume();
      const session = request.headers['mcp-session-id'];
      if (request.method === 'DELETE' && typeof session === 'string') open.delete(session);
      return send(response, { status: request.method === 'DELETE' ? 200 : 405, body: null });
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_MAX_BYTES) request.destroy();
      else chunks.push(chunk);
    });
    request.on('end', () => {
      const [first] = chunks;
      const raw = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
      send(response, answering(raw, request.headers, legacyOnly));
    });
  };
}
