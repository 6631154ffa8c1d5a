// One request to a modern server (MCP 2026-07-28) and what came of it. Which refusals can be mended by
// asking again is judged by the callers, discover.ts and modern.ts.

import { MCP_ANSWER_MAX_BYTES } from '../limits.ts';
import type { ModernEnvelope, OutgoingRequest } from './build-request.ts';
import { modernPost } from './build-request.ts';
import type { ConnectionContext, RequestOptions } from './connection.ts';
import { brokenOff, ConnectionLost } from './connection.ts';
import { anySignal, asFault } from './fault.ts';
import type { Receive } from './inbox.ts';
import { withProgress } from './inbox.ts';
import type { ResultMessage } from './json-rpc.ts';
import { readAnswer } from './read-answer.ts';
import type { Refusal } from './refusal.ts';
import { readRefusal, refusedInAnswer } from './refusal.ts';
import { startOfStream } from './sse.ts';

/**
 * Sends one request with `version` and reads its answer.
 *
 * @throws upstream_* faults; ConnectionLost when the stream ended early (this era has no resumption)
 */
export async function exchangeModern(
  context: ConnectionContext,
  version: string,
  outgoing: OutgoingRequest,
  options: RequestOptions,
): Promise<ResultMessage | Refusal> {
  const signal = anySignal(context.signal, options.signal);
  const post = modernPost(context.headers, envelopeOf(context, version), outgoing);
  try {
    const response = await context.fetch(context.url, { ...post, signal: signal ?? null });
    if (!response.ok) return await readRefusal(response, outgoing.id);
    const passOn: Receive = (message) => {
      if (message.kind !== 'notification') return;
      if (options.peer === undefined) context.onNotification(message.method, message.params);
      else options.peer.notify(message.method, message.params);
    };
    const answer = await readAnswer(response, {
      id: outgoing.id,
      maxBytes: options.maxBytes ?? MCP_ANSWER_MAX_BYTES,
      onMessage: withProgress(outgoing.id, options.onProgress, passOn),
      onBytes: options.onBytes,
      position: startOfStream(),
    });
    if (answer === null) throw new ConnectionLost(true, 'same', brokenOff());
    return answer.kind === 'result' ? answer : refusedInAnswer(answer);
  } catch (error) {
    throw asFault(error, signal);
  }
}

export function envelopeOf(context: ConnectionContext, version: string): ModernEnvelope {
  return { version, clientInfo: context.clientInfo, clientCapabilities: context.clientCapabilities };
}
