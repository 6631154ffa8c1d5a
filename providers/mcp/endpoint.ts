// The MCP endpoint of a stand-in: lets in who has a good credential, then serves the revision that was asked for.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server';
import type { Authenticate, Caller } from '../bearer.ts';
import { insufficientScope, unauthorized } from '../bearer.ts';
import type { Answer } from '../http.ts';
import { fromWebResponse, jsonAnswer, toWebRequest } from '../http.ts';
import type { Era } from '../types.ts';
import { awkwardSse } from './awkward-sse.ts';
import { createHttpSse } from './http-sse.ts';
import { PARAM_HEADER_TOOL, pageNumber } from './list-tools.ts';
import type { McpContext } from './server.ts';
import { authInfoOf, createServer } from './server.ts';
import { createSessions } from './sessions.ts';

export type McpEndpointContext = McpContext & {
  mcpUrl: string;
  era: Era;
  /** Answer with SSE where the revision leaves the choice. */
  sse: boolean;
  authenticate: Authenticate;
  /** Absent where there is no OAuth. */
  resourceMetadataUrl: string | undefined;
  /** Everything but tools/call is open to all. */
  openListing: boolean;
};

export type McpEndpoint = {
  handle(request: IncomingMessage, response: ServerResponse, path: string, body: string): Promise<Answer>;
  toolsChanged(): void;
  close(): Promise<void>;
};

type Message = { method?: string; params?: { name?: string; cursor?: string; arguments?: Record<string, unknown> } };

export function createMcpEndpoint(context: McpEndpointContext): McpEndpoint {
  const { era, faults, sse } = context;
  const versions = era === '2025-03-26' || era === '2024-11-05' ? [era] : undefined;
  const serverFor = () => createServer(context, versions);
  const modern = createMcpHandler(serverFor, { legacy: 'reject', responseMode: sse ? 'sse' : 'auto' });
  const sessions = createSessions({ faults, createServer: serverFor, json: !sse, required: era !== 'both' });
  const httpSse = createHttpSse(serverFor, `${new URL(context.mcpUrl).pathname}/messages`);

  const serve = async (request: Request, path: string, parsed: unknown, caller: Caller | undefined) => {
    const authInfo = authInfoOf(caller);
    if (era === '2024-11-05') return httpSse.handle(request, path, parsed, authInfo);
    const initializeEra = era === 'both' ? await isLegacyRequest(request) : era !== 'modern';
    if (initializeEra) return sessions.handle(request, parsed, authInfo);
    return modern.fetch(request, authInfo ? { authInfo } : {});
  };

  return {
    async handle(request, response, path, body) {
      const parsed = parse(body);
      const messages = [parsed].flat().filter((message) => message !== undefined) as Message[];
      const caller = context.authenticate(request.headers.authorization);
      const open = context.openListing && !messages.some(({ method }) => method === 'tools/call');
      if (caller === 'invalid' || (caller === undefined && !open)) {
        return unauthorized(faults, context.resourceMetadataUrl, caller === 'invalid');
      }
      const fault = faultyAnswer(context, messages, caller, request);
      if (fault) return fault;
      const url = new URL(request.url ?? '/', context.mcpUrl).href;
      const answer = await serve(toWebRequest(request, response, url, body), path, parsed, caller);
      return fromWebResponse(faults.awkwardSse ? awkwardSse(answer) : answer);
    },
    toolsChanged() {
      modern.notify.toolsChanged();
      sessions.toolsChanged();
      httpSse.toolsChanged();
    },
    async close() {
      await Promise.all([modern.close(), sessions.close(), httpSse.close()]);
    },
  };
}

/** Faults that need to know what is being asked, and answer in its place. */
function faultyAnswer(
  { faults, resourceMetadataUrl }: McpEndpointContext,
  messages: Message[],
  caller: Caller | undefined,
  request: IncomingMessage,
): Answer | undefined {
  const call = messages.find(({ method }) => method === 'tools/call')?.params;
  const needed = faults.insufficientScope;
  if (needed && (needed.tool === undefined || needed.tool === call?.name)) {
    const missing = needed.scope.split(' ').some((scope) => !caller?.scopes.includes(scope));
    if (missing) return insufficientScope(resourceMetadataUrl, needed.scope);
  }
  const list = messages.find(({ method }) => method === 'tools/list');
  if (list && faults.failsOnPage === pageNumber(list.params?.cursor)) {
    return jsonAnswer(500, { error: 'internal_error' });
  }
  const region = call?.arguments?.region;
  const modern = request.headers['mcp-protocol-version'] === '2026-07-28';
  if (modern && faults.paramHeaderTool && call?.name === PARAM_HEADER_TOOL.name && region !== undefined) {
    const id = (messages[0] as { id?: unknown }).id ?? null;
    const error = { code: -32020, message: 'Mcp-Param-Region does not match arguments.region' };
    if (decodeParam(request.headers['mcp-param-region']) !== region)
      return jsonAnswer(400, { jsonrpc: '2.0', id, error });
  }
  return undefined;
}

/** Values that are not plain ASCII travel as `=?base64?…?=`. */
function decodeParam(header: string | string[] | undefined): string | undefined {
  const value = [header].flat()[0];
  const encoded = /^=\?base64\?(.*)\?=$/.exec(value ?? '')?.[1];
  return encoded === undefined ? value : Buffer.from(encoded, 'base64').toString();
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
