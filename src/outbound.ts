// The shapes through which the pure parts (oauth, mcp) reach the network: they are handed a fetch and
// never import one. `src/net` makes the guarded ones; tests hand in their own.

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
  stream(): ReadableStream<Uint8Array>;
  cancel(reason?: unknown): void;
};

export type BodySink = {
  /** False asks for a pause until `resume`. */
  write(chunk: Uint8Array): boolean;
  end(): void;
  /** Before the end, instead of it. */
  fail(reason: unknown): void;
};

/** What a pure function needs to talk and to tell what it decided (shown in the transcript, never a secret). */
export type Exchange = {
  readonly fetch: FetchLike;
  readonly note?: (step: string, decision: string) => void;
};
