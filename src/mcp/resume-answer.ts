// Waits for one answer over as many event streams as the server cuts it into: after a stream ended early,
// the rest is fetched from the last event on, no sooner than the server's `retry` allows
// (MCP 2025-11-25, "Resumability and Redelivery"; a closed stream does not cancel the request).

import { isChatelaineError } from '../errors.ts';
import { SSE_IDLE_RESUMES_MAX, SSE_RETRY_DEFAULT_MS, SSE_RETRY_MAX_MS, SSE_RETRY_MIN_MS } from '../limits.ts';
import { brokenOff } from './connection.ts';
import { asFault, pause } from './fault.ts';
import type { AnswerMessage } from './json-rpc.ts';
import type { AnswerReading } from './read-answer.ts';
import { readAnswer } from './read-answer.ts';
import type { SsePosition } from './sse.ts';

export type Resumption = {
  /** GETs the rest of the stream. @throws when the server will not give it */
  readonly reopen: (lastEventId: string) => Promise<Response>;
  readonly signal: AbortSignal | undefined;
};

/**
 * The answer that begins in `response`.
 *
 * @throws upstream_invalid_response when the stream ended and cannot be resumed; what `reopen` throws
 */
export async function readResumableAnswer(
  response: Response,
  reading: AnswerReading,
  resumption: Resumption,
): Promise<AnswerMessage> {
  const { position } = reading;
  let left = reading.maxBytes;
  const counted = (): AnswerReading => ({
    ...reading,
    maxBytes: left,
    onBytes: (bytes) => {
      left -= bytes;
      reading.onBytes?.(bytes);
    },
  });

  let source = () => Promise.resolve(response);
  let idleResumes = 0;
  while (true) {
    const lastEventId = position.lastEventId;
    let fault: unknown;
    try {
      const answer = await readAnswer(await source(), counted());
      if (answer !== null) return answer;
      fault = brokenOff();
    } catch (error) {
      fault = asFault(error, resumption.signal);
      if (!isChatelaineError(fault, 'upstream_unreachable', 'upstream_timeout')) throw fault;
    }
    idleResumes = position.lastEventId === lastEventId ? idleResumes + 1 : 0;
    const resumeFrom = position.lastEventId;
    const waitMs = retryDelay(position);
    const isOver = resumption.signal?.aborted === true || idleResumes >= SSE_IDLE_RESUMES_MAX;
    if (resumeFrom === null || isOver || waitMs > SSE_RETRY_MAX_MS) throw fault;
    await pause(waitMs, resumption.signal);
    source = () => resumption.reopen(resumeFrom);
  }
}

/** Milliseconds to wait before a stream is opened again. */
export function retryDelay(position: SsePosition): number {
  return Math.max(SSE_RETRY_MIN_MS, position.retryMs ?? SSE_RETRY_DEFAULT_MS);
}
