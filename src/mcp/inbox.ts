// Takes what a legacy server sends besides answers: its requests are answered (ping always, elicitation
// when it was declared, everything else with "method not found"), its notifications passed on.
// Modern servers must not send requests at all (2026-07-28); theirs are passed over.

import { SERVER_REQUESTS_MAX } from '../limits.ts';
import type { JsonObject } from './json.ts';
import { isObject, stringField } from './json.ts';
import type { NotificationMessage, RequestMessage } from './json-rpc.ts';
import { INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND } from './json-rpc.ts';
import type { ElicitationHandler, Peer } from './types.ts';
import { RpcError } from './types.ts';

export type Receive = (message: RequestMessage | NotificationMessage) => void;

export type InboxOptions = {
  readonly onNotification: (method: string, params: unknown) => void;
  /** null: elicitation was not declared. */
  readonly onElicitation: ElicitationHandler | null;
  /** Answers every request but `ping`, in place of `onElicitation`. */
  readonly onRequest?: ((method: string, params: unknown) => Promise<JsonObject>) | undefined;
  /** Sends an answer back; its failure is the server's loss, not the caller's. */
  readonly reply: (answer: Readonly<Record<string, unknown>>) => Promise<void>;
};

/** A receiver that never throws and answers a bounded number of requests at a time. */
export function createInbox(options: InboxOptions): Receive {
  let waiting = 0;
  return (message) => {
    if (message.kind === 'notification') {
      passOn(() => options.onNotification(message.method, message.params));
      return;
    }
    if (waiting >= SERVER_REQUESTS_MAX) return;
    waiting += 1;
    void answerTo(message, options)
      .then((answer) => options.reply({ id: message.id, ...answer }))
      .catch(() => undefined)
      .finally(() => {
        waiting -= 1;
      });
  };
}

/** A receiver that hands everything to `peer`. */
export function inboxOf(peer: Peer, reply: InboxOptions['reply']): Receive {
  return createInbox({
    onNotification: (method, params) => peer.notify(method, params),
    onElicitation: null,
    onRequest: (method, params) => peer.ask(method, params),
    reply,
  });
}

/** Sends progress of request `token` to `onProgress` and everything else on to `next`. */
export function withProgress(
  token: string | number,
  onProgress: ((params: unknown) => void) | undefined,
  next: Receive,
): Receive {
  if (onProgress === undefined) return next;
  return (message) => {
    const isOurs =
      message.method === 'notifications/progress' && isObject(message.params) && message.params.progressToken === token;
    if (isOurs) passOn(() => onProgress(message.params));
    else next(message);
  };
}

async function answerTo(
  request: RequestMessage,
  { onElicitation, onRequest }: InboxOptions,
): Promise<Record<string, unknown>> {
  if (request.method === 'ping') return { result: {} };
  if (onRequest !== undefined) return onRequest(request.method, request.params).then((result) => ({ result }), asError);
  if (request.method !== 'elicitation/create' || onElicitation === null) {
    return { error: { code: METHOD_NOT_FOUND, message: 'Method not found' } };
  }
  if ((stringField(request.params, 'mode') ?? 'form') !== 'form') {
    return { error: { code: INVALID_PARAMS, message: 'Only form mode was declared' } };
  }
  try {
    return { result: await onElicitation(request.params) };
  } catch {
    return { error: { code: INTERNAL_ERROR, message: 'The question could not be put to the person' } };
  }
}

function asError(error: unknown): Record<string, unknown> {
  if (error instanceof RpcError) {
    return { error: { code: error.rpcCode, message: error.rpcMessage, data: error.rpcData } };
  }
  return { error: { code: INTERNAL_ERROR, message: 'The question could not be put to the agent' } };
}

/** A fault in a listener must not end the reading of the stream. */
function passOn(call: () => void): void {
  try {
    call();
  } catch {
    // The listener's own affair.
  }
}
