// What the three ways of talking to a server (modern, legacy session, HTTP with SSE) have in common, seen
// from upstream.ts: one request in, one result out, and a word for "the other side has forgotten us".

import { ChatelaineError } from '../errors.ts';
import type { FetchLike } from '../outbound.ts';
import type { ClientIdentity } from './build-request.ts';
import type { JsonObject } from './json.ts';
import { isObject } from './json.ts';
import type { AnswerMessage } from './json-rpc.ts';
import type { ElicitationHandler, Note, Peer, Protocol, ToolDefinition } from './types.ts';
import { RpcError } from './types.ts';

/** What every request of one upstream needs. */
export type ConnectionContext = {
  readonly url: string;
  readonly fetch: FetchLike;
  /** Credential and custom headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly clientInfo: ClientIdentity;
  readonly clientCapabilities: Readonly<Record<string, unknown>>;
  readonly onElicitation: ElicitationHandler | null;
  readonly onNotification: (method: string, params: unknown) => void;
  readonly note: Note;
  /** Ends everything that is under way. */
  readonly signal: AbortSignal | undefined;
};

export type RequestOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Called with the params of each progress notification about this request. */
  readonly onProgress?: ((params: unknown) => void) | undefined;
  /** Hears and answers the server during this request, in place of the connection's own listeners. */
  readonly peer?: Peer | undefined;
  /** The called tool's definition: what it wants mirrored into headers is only known from there. */
  readonly tool?: ToolDefinition | undefined;
  /** Limit of this request's whole answer. */
  readonly maxBytes?: number | undefined;
  /** Told how many bytes the answer took, once or piece by piece. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
};

export type Connection = {
  readonly protocol: Protocol;
  /** What the server says it can do; empty while it was not asked. */
  readonly capabilities: JsonObject;
  readonly instructions: string | null;
  /** The result object. @throws RpcError, UpstreamStatusError, ConnectionLost, upstream_* */
  request(method: string, params: Readonly<Record<string, unknown>>, options: RequestOptions): Promise<JsonObject>;
  /**
   * Listens for a changed tool list until the server ends the stream or cannot do it at all. `onReady` is
   * called when changes are heard from then on.
   */
  listen(onReady: () => void, onChange: () => void, signal: AbortSignal): Promise<'unsupported' | 'closed'>;
  /** Ends the session at the server where there is one; never fails. */
  close(): Promise<void>;
};

/** The server does not know this connection (any more), or speaks another dialect than it used to. */
export class ConnectionLost extends Error {
  /** The server may have acted on the request, so only a repeatable one may be sent again. */
  readonly wasDelivered: boolean;
  /** How to go on: on the same connection, on a new one of the same kind, or by asking what the server speaks. */
  readonly next: 'same' | 'reopen' | 'probe';
  /** What to throw when nothing is sent again. */
  readonly fault: unknown;

  constructor(wasDelivered: boolean, next: 'same' | 'reopen' | 'probe', fault: unknown) {
    super('The server lost the connection.');
    this.name = 'ConnectionLost';
    this.wasDelivered = wasDelivered;
    this.next = next;
    this.fault = fault;
  }
}

/** Methods that change nothing at the server, so that sending one twice does no harm. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'server/discover',
  'ping',
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'completion/complete',
]);

export function isRepeatable(method: string): boolean {
  return REPEATABLE.has(method);
}

/** The result in an answer. @throws RpcError when it is an error */
export function resultOf(answer: AnswerMessage): JsonObject {
  if (answer.kind === 'error') throw new RpcError(answer);
  return answer.result;
}

/** The params of request `token`, asking for progress where somebody wants to hear of it. */
export function withProgressToken(
  params: Readonly<Record<string, unknown>>,
  token: number,
  options: RequestOptions,
): Readonly<Record<string, unknown>> {
  if (options.onProgress === undefined) return params;
  const meta = isObject(params._meta) ? params._meta : {};
  return { ...params, _meta: { ...meta, progressToken: token } };
}

/** The error for a stream that ended while its request was still open. */
export function brokenOff(): ChatelaineError {
  return new ChatelaineError(
    'upstream_invalid_response',
    'The server ended its answer before the result came; whether the request took effect is unknown.',
  );
}
