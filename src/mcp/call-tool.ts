// Calls a method that does something at the server: tools/call, prompts/get, resources/read. Never repeated
// but where the server said that it had not even begun (MCP 2026-07-28, -32020 for wrong headers).

import { ChatelaineError } from '../errors.ts';
import type { JsonObject } from './json.ts';
import { HEADER_MISMATCH } from './json-rpc.ts';
import { isModern } from './revisions.ts';
import type { Note, Peer, ToolDefinition } from './types.ts';
import { RpcError } from './types.ts';
import type { Upstream } from './upstream.ts';

export type CallOptions = {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The definition of the called tool; modern servers may want some arguments repeated in headers. */
  readonly tool?: ToolDefinition | undefined;
  /** Answers to an earlier `input_required` result of the same method and params. */
  readonly inputResponses?: Readonly<Record<string, unknown>> | undefined;
  /** From that same result, unchanged; absent when there was none. */
  readonly requestState?: string | undefined;
  /** Gets the tool's present definition after the server found the headers wrong; undefined: it is gone. */
  readonly relist?: (() => Promise<ToolDefinition | undefined>) | undefined;
  readonly onProgress?: ((params: unknown) => void) | undefined;
  readonly peer?: Peer | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly maxBytes?: number | undefined;
  readonly note?: Note | undefined;
};

export type CallOutcome = { readonly resultType: 'complete' | 'input_required'; readonly result: JsonObject };

/**
 * Sends one call.
 *
 * @returns the result, or with `input_required` what the server wants to know first
 * @throws what `upstream.request` throws; upstream_invalid_response for an `input_required` that asks nothing
 */
export async function callMethod(upstream: Upstream, call: CallOptions): Promise<CallOutcome> {
  const params = {
    ...call.params,
    ...(call.inputResponses === undefined ? {} : { inputResponses: call.inputResponses }),
    ...(call.requestState === undefined ? {} : { requestState: call.requestState }),
  };
  const send = (tool: ToolDefinition | undefined): Promise<JsonObject> => {
    const { onProgress, peer, signal, maxBytes } = call;
    return upstream.request(call.method, params, { tool, onProgress, peer, signal, maxBytes });
  };

  const result = await send(call.tool).catch(async (error: unknown) => {
    const isMismatch = error instanceof RpcError && error.rpcCode === HEADER_MISMATCH;
    if (!isMismatch || call.relist === undefined) throw error;
    call.note?.('call', 'the server wants other headers than its last listing asked for; listing again');
    const tool = await call.relist();
    if (tool === undefined) throw error;
    return send(tool);
  });
  return isModern(upstream.protocol.version) ? judgeResult(result) : { resultType: 'complete', result };
}

function judgeResult(result: JsonObject): CallOutcome {
  if (result.resultType !== 'input_required') return { resultType: 'complete', result };
  if (result.inputRequests === undefined && result.requestState === undefined) {
    throw new ChatelaineError(
      'upstream_invalid_response',
      'The server says that it needs input, but neither asks for any nor names a state to come back with.',
    );
  }
  return { resultType: 'input_required', result };
}
