// Reads an HTTP answer whose status is not a success: which error it stands for, and whether a JSON-RPC
// error in its body shows that the request itself was understood (2026-07-28 puts errors beside 400, 404).

import type { ChatelaineError } from '../errors.ts';
import { ERROR_BODY_MAX_BYTES } from '../limits.ts';
import { parseJson } from './json.ts';
import type { ErrorMessage, RequestId } from './json-rpc.ts';
import { messagesIn } from './json-rpc.ts';
import { readStart } from './read-body.ts';
import { RpcError, UpstreamStatusError } from './types.ts';

export type Refusal = {
  readonly kind: 'refusal';
  readonly status: number;
  /** The JSON-RPC error in the body; null when there was none. */
  readonly rpc: ErrorMessage | null;
  /** The error names the request by its id: whoever wrote it had read the request. */
  readonly isAddressed: boolean;
  /** What to throw when nothing better is known. */
  readonly error: ChatelaineError;
};

/** Statuses that say something about the credential or the server's state, whatever the body says. */
function isAboutAccess(status: number): boolean {
  return status === 401 || status === 403 || status === 429 || status >= 500 || status < 400;
}

/** Reads the refusal of request `id`. */
export async function readRefusal(response: Response, id: RequestId | null): Promise<Refusal> {
  const { status, headers } = response;
  const text = await readStart(response, ERROR_BODY_MAX_BYTES);
  const rpc = rpcErrorIn(text);
  const error =
    rpc === null || isAboutAccess(status) ? new UpstreamStatusError(status, headers, text) : new RpcError(rpc, status);
  return { kind: 'refusal', status, rpc, isAddressed: rpc !== null && rpc.id !== null && rpc.id === id, error };
}

/** The same for a JSON-RPC error that came with a status of success. */
export function refusedInAnswer(rpc: ErrorMessage): Refusal {
  return { kind: 'refusal', status: 200, rpc, isAddressed: true, error: new RpcError(rpc) };
}

function rpcErrorIn(text: string): ErrorMessage | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return messagesIn(parseJson(text)).find((message) => message.kind === 'error') ?? null;
  } catch {
    return null;
  }
}
