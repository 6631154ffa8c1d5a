// Server-Sent Events of one HTTP body (WHATWG HTML, section 9.2): events in order, with the position from
// which a broken stream may be resumed (MCP 2025-11-25, "Resumability and Redelivery"). The grammar is
// eventsource-parser's; sizes and the end of the stream are judged here.

import { createParser } from 'eventsource-parser';
import { isPlainValue } from './header-value.ts';
import { chunksOf, tooLarge } from './read-body.ts';

export type SseEvent = { readonly type: string; readonly data: string };

/** Where a stream stands; carried over from one connection to the next. */
export type SsePosition = {
  /** null: the server gave no id, so nothing can be resumed. */
  lastEventId: string | null;
  /** The server's wish; null when it named none. */
  retryMs: number | null;
};

export type SseLimits = {
  readonly maxEventBytes: number;
  /** Of the whole stream; absent for streams that live on. */
  readonly maxTotalBytes?: number;
  readonly onBytes?: (bytes: number) => void;
};

export function startOfStream(): SsePosition {
  return { lastEventId: null, retryMs: null };
}

/**
 * The events of `body` that hold data; `position` moves with them. A last event without its blank line
 * is delivered too, because some servers close right after it, but does not move the position.
 *
 * @throws upstream_too_large; whatever the body's stream fails with
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array> | null,
  position: SsePosition,
  limits: SseLimits,
): AsyncGenerator<SseEvent, void, void> {
  const decoder = new TextDecoder();
  let events: SseEvent[] = [];
  let isCut = false;
  let isOverflowing = false;
  const parser = createParser({
    maxBufferSize: limits.maxEventBytes,
    onEvent: ({ event, data }) => {
      if (data !== '') events.push({ type: event ?? 'message', data });
    },
    onId: (id) => {
      if (!isCut) position.lastEventId = isPlainValue(id) ? id : null;
    },
    onRetry: (milliseconds) => {
      position.retryMs = milliseconds;
    },
    onError: (error) => {
      isOverflowing ||= error.type === 'max-buffer-size-exceeded';
    },
  });
  const take = (): SseEvent[] => {
    const taken = events;
    events = [];
    return taken;
  };

  let bytes = 0;
  for await (const chunk of chunksOf(body)) {
    bytes += chunk.byteLength;
    if (limits.maxTotalBytes !== undefined && bytes > limits.maxTotalBytes) throw tooLarge(limits.maxTotalBytes);
    limits.onBytes?.(chunk.byteLength);
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (isOverflowing) throw tooLarge(limits.maxEventBytes);
    yield* take();
  }
  isCut = true;
  parser.feed(`${decoder.decode()}\n\n`);
  yield* take();
}
