// Turns what went wrong on the way to a server into an answer for the agent. A provider's 401 or 403 is never
// the agent's own: its key was good (MCP 2026-07-28, "Authorization"; an agent would sign in anew in vain).

import { ChatelaineError, isChatelaineError } from '../errors.ts';
import type { JsonObject } from '../mcp/json.ts';
import { INTERNAL_ERROR, METHOD_NOT_FOUND, MISSING_CLIENT_CAPABILITY } from '../mcp/json-rpc.ts';
import { RpcError, UpstreamStatusError } from '../mcp/types.ts';
import type { AgentCall, GatewayParts } from './agent-call.ts';
import type { Era } from './answers.ts';
import { AgentRefusal } from './answers.ts';
import type { MissingCredentials } from './missing-credential.ts';

const RESOURCE_NOT_FOUND = -32002;
const INVALID_PARAMS = -32602;

/**
 * The result that stands for `error`.
 *
 * @throws AgentRefusal where the answer is a JSON-RPC error
 */
export async function resultOfFailure(
  { context }: Pick<GatewayParts, 'context'>,
  missing: MissingCredentials,
  call: AgentCall,
  error: unknown,
): Promise<JsonObject> {
  if (error instanceof AgentRefusal) throw error;
  if (error instanceof RpcError) throw relayedError(error, call.era);
  const asked = await missing.resultFor(call, error);
  if (asked !== null) return asked;
  if (isTimeout(error)) return resultOfFailure({ context }, missing, call, timedOut(call));
  if (!(error instanceof ChatelaineError)) {
    if (!call.hangUp.aborted)
      context.log.error({ err: error, method: call.method }, 'a call through the gateway failed');
    throw new AgentRefusal(200, INTERNAL_ERROR, 'Something went wrong in the hub; its log says more.');
  }
  // To a model a failed tool is something to tell or to work around; a protocol error ends its turn.
  if (call.method === 'tools/call') return { content: [{ type: 'text', text: sentence(call, error) }], isError: true };
  if (error.code === 'circuit_open') throw tryLater(call, error);
  throw new AgentRefusal(200, INTERNAL_ERROR, sentence(call, error));
}

/** Whether the server failed; what it refuses, to whomever and for whatever reason, is an answer. */
export function isServerFault(error: unknown): boolean {
  if (error instanceof UpstreamStatusError) return error.status >= 500;
  return (
    isTimeout(error) ||
    isChatelaineError(error, 'upstream_unreachable', 'upstream_timeout', 'upstream_invalid_response')
  );
}

/** The older revisions know no HTTP status for a JSON-RPC error. */
function tryLater({ era }: AgentCall, { message, details: { retryAfterSeconds = 1 } }: ChatelaineError): AgentRefusal {
  const more = { data: { retryAfterSeconds }, headers: { 'retry-after': String(retryAfterSeconds) } };
  return new AgentRefusal(era === 'modern' ? 503 : 200, INTERNAL_ERROR, message, more);
}

/** The connector's own limit of time (DOMException is what an expired signal throws). */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

function timedOut({ connector }: AgentCall): ChatelaineError {
  const seconds = connector.limits.timeoutSeconds;
  return new ChatelaineError('upstream_timeout', `the server did not answer within ${seconds} s; try again later.`);
}

/** How the call log calls it. */
export function codeOfFailure(error: unknown): string {
  if (error instanceof RpcError) return `rpc ${error.rpcCode}`;
  if (isTimeout(error)) return 'upstream_timeout';
  if (error instanceof AgentRefusal) return `refused ${error.code}`;
  return isChatelaineError(error) ? error.code : 'internal_error';
}

function relayedError(error: RpcError, era: Era): AgentRefusal {
  const { rpcCode, rpcMessage, rpcData } = error;
  const code = era === 'modern' && rpcCode === RESOURCE_NOT_FOUND ? INVALID_PARAMS : rpcCode;
  const more = rpcData === undefined ? {} : { data: rpcData as JsonObject };
  return new AgentRefusal(
    era === 'legacy' ? 200 : statusOf(code, error.details.upstreamStatus),
    code,
    rpcMessage,
    more,
  );
}

/** @see MCP 2026-07-28, Streamable HTTP, "Error Responses" */
function statusOf(code: number, upstreamStatus: number | undefined): number {
  if (code === METHOD_NOT_FOUND) return 404;
  if (code === MISSING_CLIENT_CAPABILITY) return 400;
  return upstreamStatus === 400 ? 400 : 200;
}

function sentence({ connector }: AgentCall, error: ChatelaineError): string {
  if (error.code === 'circuit_open') return error.message;
  return `${connector.name}: ${error.message}`;
}
