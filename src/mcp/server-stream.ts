// The GET stream of a legacy server (MCP 2025-03-26 to 2025-11-25): requests and notifications that
// belong to no request of ours. A server need not have one.

import { MCP_ANSWER_MAX_BYTES, SSE_IDLE_RESUMES_MAX } from '../limits.ts';
import { discardBody, pause } from './fault.ts';
import type { Receive } from './inbox.ts';
import { mediaTypeOf, messagesOfEvent } from './read-answer.ts';
import type { Refusal } from './refusal.ts';
import { readRefusal } from './refusal.ts';
import { retryDelay } from './resume-answer.ts';
import type { SsePosition } from './sse.ts';
import { readEvents, startOfStream } from './sse.ts';

/** The stream, the refusal of it, or null for an answer that is no event stream. */
export async function acceptStream(response: Response): Promise<Response | Refusal | null> {
  if (!response.ok) return readRefusal(response, null);
  if (mediaTypeOf(response) === 'text/event-stream') return response;
  await discardBody(response);
  return null;
}

/** Hands every message of the stream to `receive` until it ends. @throws what the body's stream fails with */
export async function readServerStream(response: Response, position: SsePosition, receive: Receive): Promise<void> {
  for await (const event of readEvents(response.body, position, { maxEventBytes: MCP_ANSWER_MAX_BYTES })) {
    for (const message of messagesOfEvent(event.type, event.data)) {
      if (message.kind === 'request' || message.kind === 'notification') receive(message);
    }
  }
}

/**
 * Keeps a stream open until `signal` fires or the server proves not to have one; never fails.
 *
 * @param onAttempt called when the first attempt has succeeded or failed
 */
export async function keepServerStream(
  open: (lastEventId: string | null) => Promise<Response>,
  receive: Receive,
  onAttempt: () => void,
  signal: AbortSignal,
): Promise<void> {
  const position = startOfStream();
  for (let idle = 0; idle <= SSE_IDLE_RESUMES_MAX && !signal.aborted; idle += 1) {
    try {
      const stream = await acceptStream(await open(position.lastEventId));
      onAttempt();
      if (stream === null || 'kind' in stream) return;
      await readServerStream(stream, position, (message) => {
        idle = 0;
        receive(message);
      });
    } catch {
      onAttempt();
    }
    await pause(retryDelay(position), signal).catch(() => undefined);
  }
}
