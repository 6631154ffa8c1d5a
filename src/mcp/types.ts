// The words that src/mcp shares with its callers: a tool, what a server was found to speak, and the two
// ways in which a server says no (HTTP status, JSON-RPC error).

import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { JsonObject } from './json.ts';

/** Error data beyond this many characters of JSON is dropped. */
const RPC_DATA_MAX_CHARACTERS = 16 * 1024;

/** A tool exactly as its server sent it. */
export type ToolDefinition = { readonly name: string; readonly [field: string]: unknown };

/** What a server was found to speak, and how it calls itself (its own claim, not unique, not trustworthy). */
export type Protocol = {
  readonly version: string;
  readonly transport: 'streamable_http' | 'http_sse';
  readonly serverName: string | null;
  readonly serverVersion: string | null;
};

export type ElicitationAnswer = {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: Record<string, unknown>;
};

/** Answers a server's question to the person; `params` are the server's, unchecked. */
export type ElicitationHandler = (params: unknown) => Promise<ElicitationAnswer>;

/** The other end of one request: what a server says and asks while it works on it goes there. */
export type Peer = {
  /** Progress comes by a way of its own. */
  notify(method: string, params: unknown): void;
  /** The result of what the server asks. @throws RpcError, whose code and words go back to the server */
  ask(method: string, params: unknown): Promise<JsonObject>;
};

/** Called at each decision worth showing in a transcript; never handed a secret. */
export type Note = (step: string, decision: string) => void;

/**
 * An HTTP status that this folder does not handle itself; the caller reads the challenge in `headers`.
 * Code `upstream_rate_limited` for 429, else `upstream_http_error`.
 */
export class UpstreamStatusError extends ChatelaineError {
  readonly status: number;
  readonly #headers: Headers;

  constructor(status: number, headers: Headers, text: string) {
    const retryAfterSeconds = retryAfter(headers);
    super(status === 429 ? 'upstream_rate_limited' : 'upstream_http_error', statusSentence(status, retryAfterSeconds), {
      details: {
        upstreamStatus: status,
        ...(text === '' ? {} : { upstreamText: quoteForeign(text) }),
        ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
      },
    });
    this.name = 'UpstreamStatusError';
    this.status = status;
    this.#headers = headers;
  }

  /** Private behind a getter, so that no log prints them. */
  get headers(): Headers {
    return this.#headers;
  }
}

/** The server answered the request with a JSON-RPC error. */
export class RpcError extends ChatelaineError {
  readonly rpcCode: number;
  /** The server's own words, unquoted: for passing on to another protocol peer, not for a log. */
  readonly rpcMessage: string;
  /** undefined when there was none, or more than is worth keeping. */
  readonly rpcData: unknown;

  constructor(error: { readonly code: number; readonly message: string; readonly data: unknown }, status = 200) {
    const words = quoteForeign(error.message);
    super('rpc_error', `The server refused the request with error ${error.code}: ${words}`, {
      details: { upstreamCode: String(error.code), upstreamText: words, upstreamStatus: status },
    });
    this.name = 'RpcError';
    this.rpcCode = error.code;
    this.rpcMessage = error.message;
    this.rpcData = isBounded(error.data) ? error.data : undefined;
  }
}

function isBounded(data: unknown): boolean {
  return data === undefined || JSON.stringify(data).length <= RPC_DATA_MAX_CHARACTERS;
}

function statusSentence(status: number, retryAfterSeconds: number | null): string {
  const when = retryAfterSeconds === null ? 'later' : `in ${retryAfterSeconds} s`;
  if (status === 401) return 'The server wants a credential, or does not accept the one it was given (HTTP 401).';
  if (status === 403) return 'The server refuses this request to this credential (HTTP 403).';
  if (status === 404) return 'The server has no MCP endpoint at this URL (HTTP 404); check its path.';
  if (status === 429) return `The server takes no more requests for now (HTTP 429); try again ${when}.`;
  if (status >= 500) return `The server failed (HTTP ${status}); try again ${when}.`;
  return `The server answered with HTTP ${status}, which an MCP endpoint should not; check the URL.`;
}

/** @see RFC 9110 section 10.2.3; a date counts from the server's own `Date`, whose clock set it */
function retryAfter(headers: Headers): number | null {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const seconds = Math.ceil((Date.parse(value) - Date.parse(headers.get('date') ?? '')) / 1000);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}
