// `subscriptions/listen` (MCP 2026-07-28): one long request over which a server tells that its tool list
// changed. The first event acknowledges what it agreed to tell; a final result is a graceful end.

import { MCP_ANSWER_MAX_BYTES } from '../limits.ts';
import { modernPost } from './build-request.ts';
import type { ConnectionContext } from './connection.ts';
import { anySignal, asFault } from './fault.ts';
import { isObject } from './json.ts';
import type { Message, RequestId } from './json-rpc.ts';
import { METHOD_NOT_FOUND } from './json-rpc.ts';
import { envelopeOf } from './modern-exchange.ts';
import { mediaTypeOf, messagesOfEvent, readAnswer } from './read-answer.ts';
import { readRefusal } from './refusal.ts';
import { readEvents, startOfStream } from './sse.ts';
import { RpcError } from './types.ts';

const SUBSCRIPTION_ID_META = 'io.modelcontextprotocol/subscriptionId';

export type Listener = {
  /** Changes are heard from now on. */
  readonly onReady: () => void;
  readonly onChange: () => void;
  readonly signal: AbortSignal;
};

/**
 * Listens until the stream ends or `signal` fires.
 *
 * @returns `unsupported` when the server does not offer this, so that asking again is no use
 * @throws RpcError, UpstreamStatusError, upstream_* when the stream could not be opened
 */
export async function listenModern(
  context: ConnectionContext,
  version: string,
  id: RequestId,
  listener: Listener,
): Promise<'unsupported' | 'closed'> {
  const signal = anySignal(context.signal, listener.signal);
  const params = { notifications: { toolsListChanged: true } };
  const post = modernPost(context.headers, envelopeOf(context, version), {
    id,
    method: 'subscriptions/listen',
    params,
  });
  let isReady = false;
  try {
    const response = await context.fetch(context.url, { ...post, signal: signal ?? null });
    if (!response.ok) {
      const { status, rpc, error } = await readRefusal(response, id);
      if (rpc?.code === METHOD_NOT_FOUND || status === 404 || status === 405) return 'unsupported';
      throw error;
    }
    if (mediaTypeOf(response) !== 'text/event-stream') return await endWithoutStream(response, id);

    for await (const event of readEvents(response.body, startOfStream(), { maxEventBytes: MCP_ANSWER_MAX_BYTES })) {
      for (const message of messagesOfEvent(event.type, event.data)) {
        if (isAnswerTo(message, id)) return end(message);
        if (message.kind !== 'notification' || !isAbout(message.params, id)) continue;
        if (message.method === 'notifications/subscriptions/acknowledged') {
          if (!agreesToTell(message.params)) return 'unsupported';
          isReady = true;
          listener.onReady();
        }
        if (message.method === 'notifications/tools/list_changed') listener.onChange();
      }
    }
    return 'closed';
  } catch (error) {
    if (isReady || listener.signal.aborted) return 'closed';
    throw asFault(error, signal);
  }
}

async function endWithoutStream(response: Response, id: RequestId): Promise<'unsupported' | 'closed'> {
  const reading = { id, maxBytes: MCP_ANSWER_MAX_BYTES, onMessage: () => undefined, position: startOfStream() };
  const answer = await readAnswer(response, reading);
  return answer === null ? 'closed' : end(answer);
}

function end(answer: Message): 'unsupported' | 'closed' {
  if (answer.kind !== 'error') return 'closed';
  if (answer.code === METHOD_NOT_FOUND) return 'unsupported';
  throw new RpcError(answer);
}

function isAnswerTo(message: Message, id: RequestId): boolean {
  return (message.kind === 'result' || message.kind === 'error') && message.id === id;
}

function isAbout(params: unknown, id: RequestId): boolean {
  const meta = isObject(params) && isObject(params._meta) ? params._meta : {};
  return meta[SUBSCRIPTION_ID_META] === id;
}

function agreesToTell(params: unknown): boolean {
  return isObject(params) && isObject(params.notifications) && params.notifications.toolsListChanged === true;
}
