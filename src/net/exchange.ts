// One HTTP request and its answer, over undici's dispatcher: headers become a standard Response, the body
// streams with backpressure, and every limit of time and size is kept here. Redirects and the choice of
// limits are guarded-fetch.ts's; the addresses are guarded-connect.ts's.

import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { ChatelaineError, quoteForeign } from '../errors.ts';
import { decodeBody, isEncoded } from './decode-body.ts';
import { networkFault, timeoutFault, tooLargeFault } from './network-fault.ts';
import type { RequestParts } from './request-parts.ts';

/** Chunks held back for a slow reader before the socket is paused; a chunk is at most one socket read of 64 KiB. */
const CHUNKS_AHEAD = 4;

/** Statuses whose answer has no body (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

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
 * @param signal aborts the request and the reading of the body; its reason comes out unchanged
 * @throws upstream_unreachable, upstream_timeout, upstream_too_large, upstream_invalid_response,
 *   address_refused, invalid_request; faults after the headers come out of the body's reader
 */
export function exchange(
  dispatcher: Dispatcher,
  url: URL,
  parts: RequestParts,
  limits: ExchangeLimits,
  signal?: AbortSignal | null,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const handler = new AnswerHandler(url.host, parts.method, limits, signal ?? null, resolve, reject);
    if (handler.settled) return;
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: parts.method as Dispatcher.HttpMethod,
        headers: parts.headers as string[],
        body: parts.body,
      },
      handler,
    );
  });
}

class AnswerHandler implements Dispatcher.DispatchHandler {
  /** Nothing more may be done for this request. */
  settled = false;

  readonly #host: string;
  readonly #method: string;
  readonly #limits: ExchangeLimits;
  readonly #signal: AbortSignal | null;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #abort = (): void => this.#fail(this.#signal?.reason);

  #connection: Dispatcher.DispatchController | null = null;
  #body: ReadableStreamDefaultController<Uint8Array> | null = null;
  #failure: { readonly reason: unknown } | null = null;
  #timer: NodeJS.Timeout | undefined;
  #idles = false;
  #bytes = 0;
  #maxBytes = 0;

  constructor(
    host: string,
    method: string,
    limits: ExchangeLimits,
    signal: AbortSignal | null,
    resolve: (response: Response) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#host = host;
    this.#method = method;
    this.#limits = limits;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal?.addEventListener('abort', this.#abort);
    this.#timer = this.#after(limits.answerMs, 'did not answer');
    if (signal?.aborted === true) this.#abort();
  }

  onRequestStart(connection: Dispatcher.DispatchController): void {
    // Called when a connection is free, which may be after the caller has given up.
    if (this.#failure !== null) connection.abort(asError(this.#failure.reason));
    else this.#connection = connection;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.settled) return;
    try {
      this.#resolve(this.#response(status, responseHeaders(headers)));
    } catch (error) {
      this.#fail(error);
    }
  }

  onResponseData(connection: Dispatcher.DispatchController, chunk: Uint8Array): void {
    // Resuming may deliver an empty chunk; enqueued, it would pause again at once, for ever.
    if (this.#body === null || this.settled || chunk.byteLength === 0) return;
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#maxBytes) {
      this.#fail(tooLargeFault(this.#host, this.#maxBytes));
      return;
    }
    this.#body.enqueue(chunk);
    if ((this.#body.desiredSize ?? 0) <= 0) connection.pause();
  }

  onResponseEnd(): void {
    if (this.settled) return;
    this.#settle();
    this.#body?.close();
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(networkFault(error, this.#host));
  }

  #response(status: number, headers: Headers): Response {
    if (status > 599) {
      throw new ChatelaineError(
        'upstream_invalid_response',
        `${quoteForeign(this.#host)} answered with status ${status}.`,
      );
    }
    if (this.#method === 'HEAD' || BODILESS.has(status)) return new Response(null, { status, headers });

    const { streamIdleMs, answerMs, maxBytes } = this.#limits;
    const isEventStream = /^\s*text\/event-stream\s*(?:;|$)/i.test(headers.get('content-type') ?? '');
    this.#idles = streamIdleMs !== undefined && isEventStream;
    this.#maxBytes = this.#idles ? Number.POSITIVE_INFINITY : maxBytes;
    if (Number(headers.get('content-length')) > this.#maxBytes) throw tooLargeFault(this.#host, this.#maxBytes);
    if (streamIdleMs !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = this.#idles ? this.#after(streamIdleMs, 'sent nothing') : this.#after(answerMs, 'did not finish');
    }

    const coding = headers.get('content-encoding');
    if (!isEncoded(coding)) return new Response(this.#stream(), { status, headers });
    // They describe bytes that nobody will see.
    headers.delete('content-encoding');
    headers.delete('content-length');
    return new Response(decodeBody(this.#stream(), coding, this.#maxBytes, this.#host), { status, headers });
  }

  #stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#body = controller;
        },
        pull: () => {
          // Called after every chunk for which there is room, and when a reader makes room again.
          if (this.#idles) this.#timer?.refresh();
          this.#connection?.resume();
        },
        cancel: (reason) => {
          this.#body = null;
          this.#fail(reason);
        },
      },
      { highWaterMark: CHUNKS_AHEAD },
    );
  }

  #after(milliseconds: number, what: string): NodeJS.Timeout {
    return setTimeout(() => this.#fail(timeoutFault(this.#host, milliseconds, what)), milliseconds);
  }

  #fail(reason: unknown): void {
    if (this.settled) return;
    this.#settle();
    this.#failure = { reason };
    // Before the headers the caller waits for the promise, after them for the body; the other call does nothing.
    this.#reject(reason);
    this.#body?.error(reason);
    this.#connection?.abort(asError(reason));
  }

  #settle(): void {
    this.settled = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
  }
}

function responseHeaders(raw: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    // Cookies are neither kept nor passed on.
    if (name === 'set-cookie' || value === undefined) continue;
    if (typeof value === 'string') headers.append(name, value);
    else for (const one of value) headers.append(name, one);
  }
  return headers;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('The request was given up.', { cause: reason });
}
