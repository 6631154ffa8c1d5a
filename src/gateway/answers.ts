// What the gateway itself says to agents: JSON-RPC results and errors as HTTP answers. MCP 2026-07-28 gives
// some errors an HTTP status of their own; in the older revisions an error comes with 200.
// How an answer goes out is its door's: a standard Response, or straight into Node's.

import type { JsonObject } from '../mcp/json.ts';
import { isObject } from '../mcp/json.ts';
import type { RequestId } from '../mcp/json-rpc.ts';
import { LATEST_MODERN } from '../mcp/revisions.ts';
import { type Flow, streamOf } from '../outbound.ts';

export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
/** Outside the range that JSON-RPC keeps for itself: nobody said who asks, or the session is gone. */
export const REFUSED = -32001;
/** @see MCP 2025-11-25, "Elicitation", URLElicitationRequiredError */
export const URL_ELICITATION_REQUIRED = -32042;

const SERVER_INFO_META = 'io.modelcontextprotocol/serverInfo';

export type Era = 'modern' | 'legacy';

/** An HTTP answer on its way to an agent. */
export type AgentAnswer = {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AgentAnswerBody;
};
/** A flow is what a server sends, passed on while it comes. */
export type AgentAnswerBody = string | Uint8Array | ReadableStream<Uint8Array> | Flow | null;

/** An answer that ends the request; `status` is that of HTTP. */
export class AgentRefusal extends Error {
  readonly status: number;
  readonly code: number;
  readonly data: JsonObject | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: number,
    message: string,
    more: { data?: JsonObject; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = 'AgentRefusal';
    this.status = status;
    this.code = code;
    this.data = more.data;
    this.headers = more.headers ?? {};
  }
}

/** A method that does not exist, or a thing that the agent may not know of. */
export function unknownMethod(era: Era, method: string): AgentRefusal {
  return new AgentRefusal(era === 'modern' ? 404 : 200, -32601, `Method not found: ${method.slice(0, 200)}`);
}

export function unsupportedVersion(requested: string): AgentRefusal {
  return new AgentRefusal(400, -32022, 'This protocol version is not supported.', {
    data: { supported: [LATEST_MODERN], requested: requested.slice(0, 100) },
  });
}

export function refusalResponse(refusal: AgentRefusal, id: RequestId | null): AgentAnswer {
  return json(
    { jsonrpc: '2.0', id, error: errorObject(refusal.code, refusal.message, refusal.data) },
    refusal.status,
    refusal.headers,
  );
}

export function errorObject(code: number, message: string, data?: unknown): JsonObject {
  return { code, message, ...(data === undefined ? {} : { data }) };
}

/** A result as the revision of the agent wants it. */
export function shapeResult(era: Era, result: JsonObject, serverInfo: JsonObject): JsonObject {
  if (era === 'legacy') return result;
  const meta = isObject(result._meta) ? result._meta : {};
  return { resultType: 'complete', ...result, _meta: { [SERVER_INFO_META]: serverInfo, ...meta } };
}

export function resultResponse(id: RequestId, result: JsonObject, headers: Record<string, string> = {}): AgentAnswer {
  return json({ jsonrpc: '2.0', id, result }, 200, headers);
}

/** The end of a notification or an answer: taken, nothing to say. */
export function accepted(): AgentAnswer {
  return { status: 202, headers: {}, body: null };
}

export function json(body: unknown, status = 200, headers: AgentAnswer['headers'] = {}): AgentAnswer {
  return jsonText(JSON.stringify(body), status, headers);
}

export function jsonText(text: string, status = 200, headers: AgentAnswer['headers'] = {}): AgentAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: text };
}

export function isFlow(body: AgentAnswerBody): body is Flow {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}

/** The answer as a standard Response. */
export function asResponse({ status, headers, body }: AgentAnswer): Response {
  const content = isFlow(body) ? streamOf(body) : (body as string | Uint8Array<ArrayBuffer> | ReadableStream | null);
  return new Response(content, { status, headers });
}

/** An event stream, written here or passed on. */
export function eventStream(body: AgentAnswerBody): AgentAnswer {
  return { status: 200, headers: STREAM_HEADERS, body };
}

/** Headers of an event stream; proxies that buffer are told not to. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};
