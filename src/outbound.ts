// The shapes through which the pure parts (oauth, mcp, gateway) reach the network: they are handed a fetch
// and never import one. `src/net` makes the guarded ones; tests hand in their own.

import type { Cancellation } from './hang-up.ts';

/** `fetch` for one purpose; refusals and faults are ChatelaineErrors, an HTTP status is never one. */
export type FetchLike = (url: string, init?: RequestInit) => Promise<Response>;

/** One guarded fetch per purpose; they differ in size, time and redirect rules. */
export type Outbound = {
  /** Metadata documents: 1 MiB, 30 s, up to 3 redirects each checked anew. */
  readonly metadata: FetchLike;
  /** Registration, token, revocation: 1 MiB, 30 s, no redirect. */
  readonly oauth: FetchLike;
  /** MCP: streams with an idle limit; 307 and 308 followed on the same origin only. */
  readonly mcp: FetchLike;
  /** The same, for answers that are passed on unread. */
  readonly passage: Passage;
};

/** Sends a request and hands over the answer as it comes in, without the cost of a Response. */
export type Passage = (url: string, request: PassageRequest) => Promise<RawAnswer>;

export type PassageRequest = {
  readonly method: string;
  /** name, value, name, value …; lower-case names, nothing that belongs to the connection. */
  readonly headers: readonly string[];
  readonly body: string | null;
  /** Ends the request and the passing on of its answer. */
  readonly cancellation?: Cancellation;
};

/** An answer whose body nobody has looked at; the body must be used or cancelled. */
export type RawAnswer = {
  readonly status: number;
  /** Lower-case names; fields that came several times are lists. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: AnswerBody;
};

/** A body is taken once, in one of these ways. */
export type AnswerBody = {
  /** The whole body when all of it is here, which uses it up; null when more may come. */
  takeWhole(): Uint8Array | null;
  /** Writes what is here and what comes into `sink`. */
  pipe(sink: BodySink): void;
  /** Goes on after the sink asked for a pause. */
  resume(): void;
  cancel(reason?: unknown): void;
};

/** What passes through, without the choice to have it at once. */
export type Flow = Pick<AnswerBody, 'pipe' | 'resume' | 'cancel'>;

export type BodySink = {
  /** False asks for a pause until `resume`. */
  write(chunk: Uint8Array): boolean;
  end(): void;
  /** Before the end, instead of it. */
  fail(reason: unknown): void;
};

/** Chunks held back for a slow reader before the sender is paused; a chunk is at most one socket read of 64 KiB. */
export const CHUNKS_AHEAD = 4;

/** Statuses whose answer has no body (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5). */
export const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** Ended because its reader took nothing for too long, which is no fault of whoever sent it. */
export class AbandonedError extends Error {
  constructor() {
    super('Nobody read the answer in time.');
    this.name = 'AbandonedError';
  }
}

export function isAbandoned(reason: unknown): boolean {
  return reason instanceof AbandonedError;
}

export function isSuccess({ status }: Pick<RawAnswer, 'status'>): boolean {
  return status >= 200 && status < 300;
}

/** The standard Response of an answer to a request with `method`. */
export function responseOf({ status, headers, body }: RawAnswer, method: string): Response {
  const isBodiless = method === 'HEAD' || BODILESS.has(status);
  return new Response(isBodiless ? null : streamOf(body), { status, headers: standardHeaders(headers) });
}

/** The standard stream; it holds back few chunks for a slow reader. */
export function streamOf(flow: Flow): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        flow.pipe({
          write(chunk) {
            controller.enqueue(chunk);
            return (controller.desiredSize ?? 0) > 0;
          },
          end: () => controller.close(),
          fail: (reason) => controller.error(reason),
        });
      },
      // Called after every chunk for which there is room, and when a reader makes room again.
      pull: () => flow.resume(),
      cancel: (reason) => flow.cancel(reason),
    },
    { highWaterMark: CHUNKS_AHEAD },
  );
}

function standardHeaders(raw: RawAnswer['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    // Cookies are neither kept nor passed on.
    if (name === 'set-cookie' || value === undefined) continue;
    if (typeof value === 'string') headers.append(name, value);
    else for (const one of value) headers.append(name, one);
  }
  return headers;
}

/** What a pure function needs to talk and to tell what it decided (shown in the transcript, never a secret). */
export type Exchange = {
  readonly fetch: FetchLike;
  readonly note?: (step: string, decision: string) => void;
};
