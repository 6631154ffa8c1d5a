// Every failure that leaves a part of Chatelaine on purpose is a ChatelaineError with a code of this
// closed list. Codes are public: API callers and the page match on them. `message` is for a person,
// says what to do, and never holds a secret; `cause` keeps the original for the log.

export type ErrorCode =
  // the caller's request
  | 'invalid_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'misdirected_request'
  | 'rate_limited'
  // settings, vault, store
  | 'invalid_settings'
  | 'encryption_key_missing'
  | 'secret_unreadable'
  | 'secret_reference_invalid'
  | 'store_unavailable'
  | 'outdated_write'
  // talking to a server somewhere else
  | 'address_refused'
  | 'upstream_unreachable'
  | 'upstream_timeout'
  | 'upstream_too_large'
  | 'upstream_redirect_refused'
  | 'upstream_invalid_response'
  | 'upstream_http_error'
  | 'upstream_rate_limited'
  | 'circuit_open'
  // the OAuth client
  | 'oauth_not_supported'
  | 'resource_mismatch'
  | 'issuer_mismatch'
  | 'pkce_not_supported'
  | 'metadata_invalid'
  | 'client_id_required'
  | 'registration_failed'
  | 'client_rejected'
  | 'client_issuer_mismatch'
  | 'authorization_denied'
  | 'authorization_response_invalid'
  | 'token_request_failed'
  | 'invalid_grant'
  // the browser's part of a flow
  | 'flow_not_found'
  | 'flow_expired'
  | 'flow_already_used'
  | 'flow_other_browser'
  // a credential's state
  | 'connect_required'
  | 'secret_required'
  | 'reauthorization_required'
  | 'needs_scope'
  // MCP
  | 'protocol_error'
  | 'protocol_version_unsupported'
  | 'listing_incomplete'
  | 'rpc_error'
  | 'sync_failed'
  | 'internal_error';

export type ErrorDetails = {
  /** The input field at fault, as the caller spelled it (`oauth.clientId`). */
  readonly field?: string;
  /** Seconds after which a repetition may succeed. */
  readonly retryAfterSeconds?: number;
  /** HTTP status of the remote answer. */
  readonly upstreamStatus?: number;
  /** An OAuth or JSON-RPC error code as the remote server spelled it; attacker-controlled, so escape when shown. */
  readonly upstreamCode?: string;
  /** The remote server's own words; attacker-controlled, bounded, never shown before `iss` and `state` hold. */
  readonly upstreamText?: string;
  /** Scopes missing for the operation. */
  readonly scopes?: readonly string[];
};

export class ChatelaineError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ChatelaineError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** True for a ChatelaineError, of one of `codes` when any are given. */
export function isChatelaineError(error: unknown, ...codes: ErrorCode[]): error is ChatelaineError {
  return error instanceof ChatelaineError && (codes.length === 0 || codes.includes(error.code));
}

/** Faults of the moment (network, 429, 5xx): nothing was decided, so tokens stay and a later try may succeed. */
export function isTransient(error: unknown): error is ChatelaineError {
  return isChatelaineError(
    error,
    'upstream_unreachable',
    'upstream_timeout',
    'upstream_http_error',
    'upstream_rate_limited',
    'upstream_invalid_response',
    'upstream_redirect_refused',
    'upstream_too_large',
    'store_unavailable',
  );
}

/** The database does not answer at the moment, as while it restarts: trying again is all that it takes. */
export function isDatabaseAway(error: unknown): boolean {
  return isChatelaineError(error, 'store_unavailable') && error.details.retryAfterSeconds !== undefined;
}

/**
 * Makes text from a remote server safe to put in a log line or a message: control characters are
 * escaped, so that nobody forges lines, and the length is bounded.
 */
export function quoteForeign(text: string, maxCharacters = 200): string {
  const cut = text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
