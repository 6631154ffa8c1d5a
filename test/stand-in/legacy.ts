// A stand-in of 2024-11-05 to 2025-11-25 over the official 1.x package: HTTP with SSE for the first, sessions over
// Streamable HTTP for the others. A session belongs to the account that began it.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CallToolRequestSchema,
  ElicitResultSchema,
  ErrorCode,
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { Face, FaceOptions } from './server.ts';
import { DEFINITIONS, noteOf, QUESTION, run, said } from './tools.ts';

type Session = {
  readonly account: string;
  readonly server: Server;
  readonly transport: StreamableHTTPServerTransport | SSEServerTransport;
  readonly subscribed: Set<string>;
};

export function legacyFace({ revision, answers, held }: FaceOptions): Face {
  const sessions = new Map<string, Session>();

  const serverOf = (account: string, subscribed: Set<string>): Server => {
    const server = new Server(
      { name: `stand-in ${revision}`, version: '1.0.0' },
      { capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } } },
    );
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: DEFINITIONS }));
    server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
      const work = {
        account,
        nonce: String(params.arguments?.nonce ?? ''),
        signal: extra.signal,
        async progress(progress: number, total: number) {
          const progressToken = params._meta?.progressToken;
          if (progressToken === undefined) return;
          await extra.sendNotification({
            method: 'notifications/progress',
            params: { progressToken, progress, total },
          });
        },
      };
      if (params.name === 'refuse') throw new McpError(ErrorCode.InternalError, `refused ${work.nonce}`);
      if (params.name !== 'ask') return run(params.name, work, held);
      // Questions came with 2025-06-18, and only for who declared that it answers them.
      if (revision < '2025-06-18' || server.getClientCapabilities()?.elicitation === undefined)
        throw new McpError(ErrorCode.InvalidRequest, 'This client cannot be asked');
      const asking = { method: 'elicitation/create' as const, params: QUESTION };
      const answer = await extra.sendRequest(asking, ElicitResultSchema);
      return said(work, { action: answer.action, name: answer.content?.name });
    });
    server.setRequestHandler(ListResourcesRequestSchema, () => ({
      resources: [{ uri: noteOf(account), name: account }],
    }));
    server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
      if (uri !== noteOf(account)) throw new McpError(-32002, 'There is no such resource');
      return { contents: [{ uri, text: `the note of ${account}` }] };
    });
    server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
      subscribed.add(params.uri);
      return {};
    });
    server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
      subscribed.delete(params.uri);
      return {};
    });
    return server;
  };

  const begin = async (account: string): Promise<StreamableHTTPServerTransport> => {
    const subscribed = new Set<string>();
    const server = serverOf(account, subscribed);
    const transport = new StreamableHTTPServerTransport({
      enableJsonResponse: answers === 'json',
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, { account, server, transport, subscribed }),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await server.connect(transport as never);
    return transport;
  };

  const overHttp = async (request: IncomingMessage, response: ServerResponse, body: any, account: string) => {
    const id = request.headers['mcp-session-id'];
    const session = typeof id === 'string' ? sessions.get(id) : undefined;
    const isMine = session !== undefined && session.account === account;
    const isGreeting = id === undefined && body?.method === 'initialize';
    if (!isMine && !isGreeting) return refuse(response, id === undefined ? 400 : 404, 'Session not found');
    const transport = isMine ? (session.transport as StreamableHTTPServerTransport) : await begin(account);
    // Whatever is asked for, this server speaks its one revision.
    const pinned = isGreeting ? { ...body, params: { ...body.params, protocolVersion: revision } } : body;
    await transport.handleRequest(request, response, pinned);
  };

  const overSse = async (request: IncomingMessage, response: ServerResponse, body: any, account: string) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    if (request.method === 'GET' && url.pathname === '/mcp') {
      const transport = new SSEServerTransport('/mcp/messages', response);
      const subscribed = new Set<string>();
      const server = serverOf(account, subscribed);
      sessions.set(transport.sessionId, { account, server, transport, subscribed });
      server.onclose = () => void sessions.delete(transport.sessionId);
      return server.connect(transport as never);
    }
    const session = sessions.get(url.searchParams.get('sessionId') ?? '');
    if (url.pathname !== '/mcp/messages' || request.method !== 'POST')
      return refuse(response, 405, 'Method not allowed');
    if (session === undefined || session.account !== account) return refuse(response, 404, 'Session not found');
    const pinned =
      body?.method === 'initialize' ? { ...body, params: { ...body.params, protocolVersion: revision } } : body;
    await (session.transport as SSEServerTransport).handlePostMessage(request, response, pinned);
  };

  return {
    handle: revision === '2024-11-05' ? overSse : overHttp,
    async noteChanged(account) {
      const uri = noteOf(account);
      const mine = [...sessions.values()].filter(
        (session) => session.account === account && session.subscribed.has(uri),
      );
      await Promise.all(mine.map(({ server }) => server.sendResourceUpdated({ uri })));
    },
    async close() {
      const ending = [...sessions.values()];
      sessions.clear();
      await Promise.all(ending.map(({ server }) => server.close()));
    },
  };
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const body = { jsonrpc: '2.0', id: null, error: { code: -32000, message } };
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
