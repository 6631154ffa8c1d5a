// Finds the answer to one request in an HTTP answer, be it JSON or an event stream (MCP Streamable HTTP).
// Everything else on a stream goes to `onMessage`; HTTP statuses are judged by refusal.ts.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { parseJson } from './json.ts';
import type {
  AnswerMessage,
  ErrorMessage,
  Message,
  NotificationMessage,
  RequestId,
  RequestMessage,
} from './json-rpc.ts';
import { messagesIn } from './json-rpc.ts';
import { readText } from './read-body.ts';
import type { SsePosition } from './sse.ts';
import { readEvents } from './sse.ts';

export type AnswerReading = {
  readonly id: RequestId;
  /** Of all bodies read for this request together. */
  readonly maxBytes: number;
  /** Server requests and notifications that come before the answer; must not throw. */
  readonly onMessage: (message: RequestMessage | NotificationMessage) => void;
  readonly position: SsePosition;
  /** Told the size of what was read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
};

/**
 * The answer to `reading.id`, or null when an event stream ended before it came.
 *
 * @param response with a status of success
 * @throws upstream_invalid_response, upstream_too_large; whatever the body's stream fails with
 */
export async function readAnswer(response: Response, reading: AnswerReading): Promise<AnswerMessage | null> {
  const mediaType = mediaTypeOf(response);
  if (mediaType === 'text/event-stream') return readStreamedAnswer(response, reading);
  if (mediaType !== 'application/json' && mediaType !== '') {
    const start = await readText(response, reading.maxBytes).catch(() => ({ text: '' }));
    throw wrongType(response, mediaType, start.text);
  }
  const { text, bytes } = await readText(response, reading.maxBytes);
  reading.onBytes?.(bytes);
  if (text.trim() === '') throw invalid(`The server answered HTTP ${response.status} with nothing in it.`);
  const answer = settle(messagesIn(parseJson(text)), reading, true);
  if (answer === null) throw invalid('The server sent JSON that holds no JSON-RPC answer to the request.');
  return answer;
}

async function readStreamedAnswer(response: Response, reading: AnswerReading): Promise<AnswerMessage | null> {
  const limits = {
    maxEventBytes: reading.maxBytes,
    maxTotalBytes: reading.maxBytes,
    onBytes: (bytes: number) => reading.onBytes?.(bytes),
  };
  for await (const event of readEvents(response.body, reading.position, limits)) {
    const answer = settle(messagesOfEvent(event.type, event.data), reading, false);
    if (answer !== null) return answer;
  }
  return null;
}

/** The messages of one event; one that is not JSON is skipped, as the ping of some framework would be. */
export function messagesOfEvent(type: string, data: string): Message[] {
  if (type !== 'message' || !/^\s*[[{]/.test(data)) return [];
  try {
    return messagesIn(parseJson(data));
  } catch (error) {
    if (error instanceof ChatelaineError && error.cause !== undefined) return [];
    throw error;
  }
}

/** The essence of a Content-Type: lower case, without parameters; '' when there is none. */
export function mediaTypeOf(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** `isWhole`: the body can only be about this request, so an error without an id is its answer. */
function settle(messages: readonly Message[], reading: AnswerReading, isWhole: boolean): AnswerMessage | null {
  let answer: AnswerMessage | null = null;
  for (const message of messages) {
    if (message.kind === 'request' || message.kind === 'notification') reading.onMessage(message);
    else if (message.id === reading.id) answer ??= message;
    else if (isWhole && isAnonymousError(message)) answer ??= message;
    else if (isWhole && messages.length === 1) {
      throw invalid(
        `The server answered another request (id ${quoteForeign(String(message.id), 40)}) than the one it was sent.`,
      );
    }
  }
  return answer;
}

function isAnonymousError(message: AnswerMessage): message is ErrorMessage {
  return message.kind === 'error' && message.id === null;
}

function wrongType(response: Response, mediaType: string, text: string): ChatelaineError {
  const isPage = mediaType === 'text/html' || /^\s*<(!doctype|html)/i.test(text);
  const what = isPage ? 'a web page' : quoteForeign(mediaType, 80);
  return invalid(
    `The server answered HTTP ${response.status} with ${what} where JSON or an event stream was expected; ` +
      'check that the URL is its MCP endpoint.',
  );
}

function invalid(message: string): ChatelaineError {
  return new ChatelaineError('upstream_invalid_response', message);
}
