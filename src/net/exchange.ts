// One HTTP request and its answer, over undici's dispatcher: the body flows with backpressure, and every
// limit of time and size is kept here. Redirects and the choice of limits are guarded-fetch.ts's; the
// addresses are guarded-connect.ts's.

import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { Cancellation } from '../hang-up.ts';
import {
  AbandonedError,
  type AnswerBody,
  BODILESS,
  type BodySink,
  CHUNKS_AHEAD,
  type RawAnswer,
  streamOf,
} from '../outbound.ts';
import { decodeBody, isEncoded } from './decode-body.ts';
import { crowdedFault, networkFault, timeoutFault, tooLargeFault } from './network-fault.ts';
import type { RequestParts } from './request-parts.ts';
import { bodyOfStream } from './stream-body.ts';

const EVENT_STREAM = /^\s*text\/event-stream\s*(?:;|$)/i;
const NOTHING = new Uint8Array(0);

/** Where a request goes; taken apart once for each address. */
export type Target = {
  readonly url: URL;
  readonly origin: string;
  readonly host: string;
  /** Path and query. */
  readonly path: string;
};

export type ExchangeLimits = {
  /** Until the headers; and, unless `streamIdleMs` applies, until the body is complete. */
  readonly answerMs: number;
  /** Counted after decoding. */
  readonly maxBytes: number;
  /**
   * For servers that may take their time: the body gets `answerMs` of its own, and an event stream may
   * be as long as it likes while something comes, and is read, at least this often.
   */
  readonly streamIdleMs?: number;
};

/**
 * Sends one request to `url`'s origin.
 *
 * @param cancellation ends the request and the reading of the body; its reason comes out unchanged
 * @throws upstream_unreachable, upstream_timeout, upstream_too_large, upstream_invalid_response,
 *   address_refused, invalid_request; faults after the headers come out of the body
 */
export function exchange(
  dispatcher: Dispatcher,
  target: Target,
  parts: RequestParts,
  limits: ExchangeLimits,
  cancellation?: Cancellation | null,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const handler = new AnswerHandler(target.host, parts.method, limits, cancellation ?? null, resolve, reject);
    if (handler.settled) return;
    dispatcher.dispatch(
      {
        origin: target.origin,
        path: target.path,
        method: parts.method as Dispatcher.HttpMethod,
        headers: parts.headers as string[],
        body: parts.body,
      },
      handler,
    );
  });
}

class AnswerHandler implements Dispatcher.DispatchHandler, AnswerBody {
  /** Nothing more may be done for this request. */
  settled = false;

  readonly #host: string;
  readonly #method: string;
  readonly #limits: ExchangeLimits;
  readonly #cancellation: Cancellation | null;
  readonly #resolve: (answer: RawAnswer) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #abort = (): void => this.#fail(this.#cancellation?.reason);

  #connection: Dispatcher.DispatchController | null = null;
  /** What came before anybody took the body. */
  #waiting: Uint8Array[] = [];
  #sink: BodySink | null = null;
  #isComplete = false;
  /** By the reader. */
  #isPaused = false;
  #failure: { readonly reason: unknown } | null = null;
  #timer: NodeJS.Timeout | undefined;
  #idles = false;
  #bytes = 0;
  #maxBytes = 0;

  constructor(
    host: string,
    method: string,
    limits: ExchangeLimits,
    cancellation: Cancellation | null,
    resolve: (answer: RawAnswer) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#host = host;
    this.#method = method;
    this.#limits = limits;
    this.#cancellation = cancellation;
    this.#resolve = resolve;
    this.#reject = reject;
    cancellation?.addEventListener('abort', this.#abort);
    this.#timer = this.#after(limits.answerMs, 'did not answer');
    if (cancellation?.aborted === true) this.#abort();
  }

  onRequestStart(connection: Dispatcher.DispatchController): void {
    // Called when a connection is free, which may be after the caller has given up.
    if (this.#failure !== null) connection.abort(asError(this.#failure.reason));
    else this.#connection = connection;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.settled) return;
    try {
      this.#resolve(this.#answer(status, headers));
    } catch (error) {
      this.#fail(error);
    }
  }

  onResponseData(connection: Dispatcher.DispatchController, chunk: Uint8Array): void {
    // Resuming may deliver an empty chunk; passed on, it would pause again at once, for ever.
    if (this.settled || chunk.byteLength === 0) return;
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#maxBytes) {
      this.#fail(tooLargeFault(this.#host, this.#maxBytes));
      return;
    }
    if (this.#sink === null) {
      this.#waiting.push(chunk);
      if (this.#waiting.length >= CHUNKS_AHEAD) connection.pause();
    } else if (this.#sink.write(chunk)) this.#flows();
    else {
      this.#isPaused = true;
      connection.pause();
    }
  }

  onResponseEnd(): void {
    if (this.settled) return;
    this.#settle();
    this.#isComplete = true;
    this.#sink?.end();
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(networkFault(error, this.#host));
  }

  takeWhole(): Uint8Array | null {
    if (!this.#isComplete || this.#sink !== null) return null;
    const [first, ...more] = this.#waiting;
    this.#waiting = [];
    return more.length === 0 ? (first ?? NOTHING) : Buffer.concat([first ?? NOTHING, ...more]);
  }

  pipe(sink: BodySink): void {
    this.#sink = sink;
    let isOpen = true;
    for (const chunk of this.#waiting) isOpen = sink.write(chunk);
    this.#waiting = [];
    if (this.#failure !== null) sink.fail(this.#failure.reason);
    else if (this.#isComplete) sink.end();
    else if (isOpen) this.resume();
  }

  resume(): void {
    this.#isPaused = false;
    this.#flows();
    if (!this.settled) this.#connection?.resume();
  }

  cancel(reason?: unknown): void {
    this.#sink = null;
    this.#waiting = [];
    this.#fail(reason);
  }

  #answer(status: number, headers: IncomingHttpHeaders): RawAnswer {
    if (status > 599) {
      throw new ChatelaineError(
        'upstream_invalid_response',
        `${quoteForeign(this.#host)} answered with status ${status}.`,
      );
    }
    if (this.#method === 'HEAD' || BODILESS.has(status)) return { status, headers, body: this };

    const { streamIdleMs, answerMs, maxBytes } = this.#limits;
    this.#idles = streamIdleMs !== undefined && EVENT_STREAM.test(headers['content-type'] ?? '');
    this.#maxBytes = this.#idles ? Number.POSITIVE_INFINITY : maxBytes;
    if (Number(headers['content-length']) > this.#maxBytes) throw tooLargeFault(this.#host, this.#maxBytes);
    if (streamIdleMs !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = this.#idles ? this.#after(streamIdleMs, 'sent nothing') : this.#after(answerMs, 'did not finish');
    }

    // A header that comes twice is a list, whatever its type says; no list of codings is understood.
    const given: string | readonly string[] | undefined = headers['content-encoding'];
    const coding = given === undefined ? null : [given].flat().join(', ');
    if (!isEncoded(coding)) return { status, headers, body: this };
    // The two headers left out describe bytes that nobody will see.
    const { 'content-encoding': _, 'content-length': __, ...others } = headers;
    const decoded = decodeBody(streamOf(this), coding, this.#maxBytes, this.#host);
    return { status, headers: others, body: bodyOfStream(decoded) };
  }

  /** Something came and was taken. */
  #flows(): void {
    if (this.#idles && !this.settled) this.#timer?.refresh();
  }

  #after(milliseconds: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.#isPaused) this.#fail(new AbandonedError());
      else if (this.#connection === null) this.#fail(crowdedFault(this.#host));
      else this.#fail(timeoutFault(this.#host, milliseconds, what));
    }, milliseconds);
  }

  #fail(reason: unknown): void {
    if (this.settled) return;
    this.#settle();
    this.#failure = { reason };
    // Before the headers the caller waits for the promise, after them for the body; the other call does nothing.
    this.#reject(reason);
    this.#sink?.fail(reason);
    this.#connection?.abort(asError(reason));
  }

  #settle(): void {
    this.settled = true;
    clearTimeout(this.#timer);
    this.#cancellation?.removeEventListener('abort', this.#abort);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('The request was given up.', { cause: reason });
}
