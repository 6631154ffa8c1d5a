// Failures as RFC 9457 problem details: a stable `code`, a `detail` a person can act on, never a secret.

import type { Context } from 'hono';
import type { ErrorCode } from '../errors.ts';
import { ChatelaineError } from '../errors.ts';

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly field?: string;
  readonly retryAfterSeconds?: number;
  readonly upstreamStatus?: number;
  readonly upstreamCode?: string;
  readonly upstreamText?: string;
  readonly scopes?: readonly string[];
};

const STATUS: Readonly<Record<ErrorCode, { status: number; title: string }>> = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'Credentials are missing or wrong' },
  forbidden: { status: 403, title: 'Not permitted' },
  not_found: { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'Taken already' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The request must be JSON' },
  misdirected_request: { status: 421, title: 'The request is for another host' },
  rate_limited: { status: 429, title: 'Too many attempts' },
  invalid_settings: { status: 500, title: 'The hub is set up wrongly' },
  encryption_key_missing: { status: 500, title: 'An encryption key is missing' },
  secret_unreadable: { status: 409, title: 'A stored secret cannot be read' },
  secret_reference_invalid: { status: 422, title: 'A secret reference cannot be read' },
  store_unavailable: { status: 503, title: 'The database does not answer' },
  outdated_write: { status: 409, title: 'Changed meanwhile' },
  address_refused: { status: 422, title: 'The address may not be contacted' },
  upstream_unreachable: { status: 502, title: 'The server cannot be reached' },
  upstream_timeout: { status: 504, title: 'The server did not answer in time' },
  upstream_too_large: { status: 502, title: 'The answer was too large' },
  upstream_redirect_refused: { status: 502, title: 'A redirect was refused' },
  upstream_invalid_response: { status: 502, title: 'The answer was not understood' },
  upstream_http_error: { status: 502, title: 'The server answered with an error' },
  upstream_rate_limited: { status: 503, title: 'The server asks to wait' },
  circuit_open: { status: 503, title: 'The server has been failing' },
  oauth_not_supported: { status: 422, title: 'No OAuth here' },
  resource_mismatch: { status: 422, title: 'The metadata is for another resource' },
  issuer_mismatch: { status: 422, title: 'The issuer does not match' },
  pkce_not_supported: { status: 422, title: 'No PKCE with S256' },
  metadata_invalid: { status: 422, title: 'The metadata is not valid' },
  client_id_required: { status: 422, title: 'A client id is required' },
  registration_failed: { status: 422, title: 'Registration failed' },
  client_rejected: { status: 422, title: 'The client was rejected' },
  client_issuer_mismatch: { status: 409, title: 'The client belongs to another issuer' },
  authorization_denied: { status: 422, title: 'Authorization was denied' },
  authorization_response_invalid: { status: 400, title: 'The authorization response is not valid' },
  token_request_failed: { status: 422, title: 'The token request failed' },
  invalid_grant: { status: 422, title: 'The grant is not valid' },
  flow_not_found: { status: 404, title: 'Unknown sign-in' },
  flow_expired: { status: 410, title: 'The sign-in expired' },
  flow_already_used: { status: 409, title: 'The sign-in was finished already' },
  flow_other_browser: { status: 403, title: 'Begun in another browser' },
  connect_required: { status: 409, title: 'Not connected' },
  secret_required: { status: 409, title: 'A secret is required' },
  reauthorization_required: { status: 409, title: 'Must be connected again' },
  needs_scope: { status: 409, title: 'More scope is needed' },
  protocol_error: { status: 502, title: 'The server does not keep to the protocol' },
  protocol_version_unsupported: { status: 502, title: 'No common protocol version' },
  listing_incomplete: { status: 502, title: 'The tool listing is incomplete' },
  rpc_error: { status: 502, title: 'The server answered with an error' },
  sync_failed: { status: 502, title: 'The tools could not be listed' },
  internal_error: { status: 500, title: 'Something went wrong here' },
};

export function titleOf(code: ErrorCode): string {
  return STATUS[code].title;
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(STATUS, text);
}

/** What callers see of any failure; the unexpected tells nothing of itself. */
export function problemOf(error: unknown): Problem {
  const known =
    error instanceof ChatelaineError
      ? error
      : new ChatelaineError('internal_error', 'Something went wrong in the hub; its log says more.');
  const { status, title } = STATUS[known.code];
  const { field, retryAfterSeconds, upstreamStatus, upstreamCode, upstreamText, scopes } = known.details;
  return {
    type: `urn:chatelaine:problem:${known.code}`,
    title,
    status,
    code: known.code,
    detail: known.message,
    ...(field === undefined ? {} : { field }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(upstreamStatus === undefined ? {} : { upstreamStatus }),
    ...(upstreamCode === undefined ? {} : { upstreamCode }),
    ...(upstreamText === undefined ? {} : { upstreamText }),
    ...(scopes === undefined ? {} : { scopes }),
  };
}

/** The failure as an HTTP answer. @see RFC 9457 */
export function problemResponse(c: Context, error: unknown): Response {
  const problem = problemOf(error);
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' };
  if (problem.status === 401) headers['www-authenticate'] = 'Bearer realm="chatelaine"';
  if (problem.retryAfterSeconds !== undefined) headers['retry-after'] = String(problem.retryAfterSeconds);
  return c.body(JSON.stringify(problem), problem.status as 400, headers);
}
