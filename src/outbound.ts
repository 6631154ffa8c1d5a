// The shapes through which the pure parts (oauth, mcp) reach the network: they are handed a fetch and
// never import one. `src/net` makes the guarded ones; tests hand in their own.

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
};

/** What a pure function needs to talk and to tell what it decided (shown in the transcript, never a secret). */
export type Exchange = {
  readonly fetch: FetchLike;
  readonly note?: (step: string, decision: string) => void;
};
