// A hand-written MCP server on loopback for tests: each test says per request what goes over the wire, so
// that servers can be as wrong as they are in the field. Every request is kept.

import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Rpc = {
  id?: string | number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string };
};
export type Seen = { http: string; path: string; headers: IncomingHttpHeaders; rpc: Rpc; text: string };
export type Reply = (seen: Seen, response: ServerResponse) => void | Promise<void>;

export type MiniServer = { url: string; seen: Seen[]; methods: () => string[]; of: (method: string) => Seen[] };

/** Starts a server for the running test; it goes away with it. */
export async function miniServer(reply: Reply): Promise<MiniServer> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const rpc = body === '' ? {} : (JSON.parse(body) as Rpc);
    const one = { http: request.method ?? '', path: request.url ?? '', headers: request.headers, rpc, text: body };
    seen.push(one);
    await reply(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    seen,
    methods: () => seen.map(({ http, rpc }) => rpc.method ?? (http === 'POST' ? 'answer' : http)),
    of: (method) => seen.filter(({ rpc }) => rpc.method === method),
  };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function result(response: ServerResponse, { rpc }: Seen, value: Record<string, unknown>): void {
  json(response, 200, { jsonrpc: '2.0', id: rpc.id, result: value });
}

export function rpcError(response: ServerResponse, status: number, id: unknown, code: number, data?: unknown): void {
  json(response, status, { jsonrpc: '2.0', id: id ?? null, error: { code, message: `error ${code}`, data } });
}

export function sse(response: ServerResponse, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  response.write(text);
}

export function event(message: unknown, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(message)}\n\n`;
}

export function tool(name: string, more: Record<string, unknown> = {}): Record<string, unknown> & { name: string } {
  return { name, inputSchema: { type: 'object', properties: {} }, ...more };
}

/** Answers as a modern server does; `more` takes what the test is about, and returns false for the rest. */
export function modern(more: (seen: Seen, response: ServerResponse) => boolean | undefined): Reply {
  return (seen, response) => {
    if (more(seen, response) === true) return;
    if (seen.http !== 'POST') return void response.writeHead(405).end();
    if (seen.rpc.method !== 'server/discover') return rpcError(response, 404, seen.rpc.id, -32601);
    result(response, seen, {
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: { listChanged: true } },
      instructions: 'Be kind.',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'mini', version: '1' } },
    });
  };
}

/** Answers as a legacy server with sessions does, and as {@link modern} takes `more`. */
export function legacy(
  more: (seen: Seen, response: ServerResponse) => boolean | undefined,
  options: { version?: string; session?: () => string | null } = {},
): Reply {
  return (seen, response) => {
    if (more(seen, response) === true) return;
    if (seen.http === 'DELETE') return void response.writeHead(200).end();
    if (seen.http !== 'POST') return void response.writeHead(405).end();
    if (seen.rpc.method === 'initialize') {
      const session = options.session === undefined ? 'session-1' : options.session();
      const greeting = {
        protocolVersion: options.version ?? '2025-11-25',
        serverInfo: { name: 'mini', version: '1' },
        capabilities: { tools: { listChanged: true } },
      };
      const headers: Record<string, string> = session === null ? {} : { 'mcp-session-id': session };
      return json(response, 200, { jsonrpc: '2.0', id: seen.rpc.id, result: greeting }, headers);
    }
    if (seen.rpc.id === undefined || seen.rpc.method === undefined) return void response.writeHead(202).end();
    if (seen.rpc.method === 'server/discover') return rpcError(response, 400, null, -32000);
    rpcError(response, 200, seen.rpc.id, -32601);
  };
}

export const OPTIONS = {
  fetch: (url: string, init?: RequestInit): Promise<Response> => fetch(url, init),
  headers: { authorization: 'Bearer token-1' },
  clientInfo: { name: 'chatelaine-test', version: '0' },
};
