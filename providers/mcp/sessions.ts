// Streamable HTTP of the initialize eras (2025-03-26 to 2025-11-25) with sessions, over the official transport.
import { randomUUID } from 'node:crypto';
import type { AuthInfo, Server } from '@modelcontextprotocol/server';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import type { Caller } from '../bearer.ts';
import type { Faults } from '../faults.ts';

const SESSION_HEADER = 'mcp-session-id';

type Options = {
  faults: Faults;
  createServer: () => Server;
  /** Answer plain JSON instead of SSE. */
  json: boolean;
  /** Requests without a session are refused (400) even when the fault is off. */
  required: boolean;
};

type Session = { transport: WebStandardStreamableHTTPServerTransport; server: Server; owner: string | undefined };

export type Sessions = {
  handle(request: Request, body: unknown, authInfo: AuthInfo | undefined): Promise<Response>;
  /** Sends tools/list_changed on every session's GET stream. */
  toolsChanged(): void;
  close(): Promise<void>;
};

export function createSessions({ faults, createServer, json, required }: Options): Sessions {
  const sessions = new Map<string, Session>();

  const open = async (stateful: boolean, owner?: string): Promise<WebStandardStreamableHTTPServerTransport> => {
    const server = createServer();
    const transport = new WebStandardStreamableHTTPServerTransport({
      enableJsonResponse: json,
      ...(stateful && {
        sessionIdGenerator: () => randomUUID(),
        onsessioninitialized: (id: string) => void sessions.set(id, { transport, server, owner }),
        onsessionclosed: (id: string) => void sessions.delete(id),
      }),
    });
    await server.connect(transport);
    return transport;
  };

  return {
    async handle(request, body, authInfo) {
      const options = { ...(body === undefined ? {} : { parsedBody: body }), ...(authInfo ? { authInfo } : {}) };
      const id = request.headers.get(SESSION_HEADER);
      if (id !== null) {
        if (faults.lostSession && sessions.delete(id)) faults.lostSession = false;
        const session = sessions.get(id);
        // A session id is no credential: to anyone but its owner it does not exist.
        const mine = session && (session.owner === undefined || session.owner === ownerOf(authInfo));
        return mine ? session.transport.handleRequest(request, options) : refuse(404, -32001, 'Session not found');
      }
      if (isInitialize(body)) return (await open(true, ownerOf(authInfo))).handleRequest(request, options);
      if (required || faults.sessionRequired)
        return refuse(400, -32000, 'Bad Request: Mcp-Session-Id header is required');
      if (request.method !== 'POST') return refuse(405, -32000, 'Method not allowed.');
      return (await open(false)).handleRequest(request, options);
    },
    toolsChanged() {
      for (const { server } of sessions.values()) void server.sendToolListChanged().catch(() => {});
    },
    async close() {
      await Promise.all([...sessions.values()].map(({ transport }) => transport.close()));
    },
  };
}

const ownerOf = (authInfo: AuthInfo | undefined) => (authInfo?.extra?.caller as Caller | undefined)?.account;

function isInitialize(body: unknown): boolean {
  return [body].flat().some((message) => (message as { method?: unknown } | undefined)?.method === 'initialize');
}

function refuse(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status });
}
