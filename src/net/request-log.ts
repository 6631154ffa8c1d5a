// Tells about every request without telling a secret: for the transcript that a person reads and for log
// lines. Values of query parameters can be codes, states or keys, so only harmless ones are shown.

import { isChatelaineError } from '../errors.ts';
import type { FetchLike } from '../outbound.ts';

const HIDDEN = '…';
const URL_MAX_CHARACTERS = 2_000;

const SHOWN_PARAMETERS: ReadonlySet<string> = new Set([
  'code_challenge_method',
  'grant_type',
  'prompt',
  'redirect_uri',
  'resource',
  'response_type',
  'scope',
]);

export type RequestEntry = {
  readonly method: string;
  /** Redacted. */
  readonly url: string;
  /** null when no answer came. */
  readonly status: number | null;
  /** Until the headers. */
  readonly durationMs: number;
  /** A ChatelaineError's code, `aborted`, or `internal_error`; null when an answer came. */
  readonly errorCode: string | null;
};

/** A fetch that reports each request once, when its headers or its failure are there. */
export function tracedFetch(
  fetch: FetchLike,
  onRequest: (entry: RequestEntry) => void,
  now: () => number = Date.now,
): FetchLike {
  return async (url, init) => {
    const startedAt = now();
    const report = (status: number | null, errorCode: string | null): void =>
      onRequest({
        method: (init?.method ?? 'GET').toUpperCase(),
        url: redactUrl(url),
        status,
        durationMs: now() - startedAt,
        errorCode,
      });
    let response: Response;
    try {
      response = await fetch(url, init);
    } catch (error) {
      report(null, failureCode(error, init?.signal));
      throw error;
    }
    report(response.status, null);
    return response;
  };
}

/**
 * A URL for people and log lines: origin, path and harmless query values. User name, password and fragment
 * are dropped, every other value becomes `…`. Never throws; line breaks and the like come out encoded.
 */
export function redactUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return HIDDEN;
  // Other schemes have no fixed place for secrets (`data:`, `mailto:`), so nothing of theirs is shown.
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return `${parsed.protocol}${HIDDEN}`;
  const query = [...parsed.searchParams].map(([name, value]) => redactParameter(name, value)).join('&');
  const shown = parsed.origin + parsed.pathname + (query === '' ? '' : `?${query}`);
  return shown.length > URL_MAX_CHARACTERS ? shown.slice(0, URL_MAX_CHARACTERS) + HIDDEN : shown;
}

function redactParameter(name: string, value: string): string {
  if (SHOWN_PARAMETERS.has(name)) {
    // These are URLs themselves and may carry a query of their own.
    const isUrl = name === 'redirect_uri' || name === 'resource';
    return `${name}=${encodeURIComponent(isUrl ? redactUrl(value) : value.toWellFormed())}`;
  }
  // Without a value the "name" may be the secret itself (`?sk-live-…`).
  return value === '' ? HIDDEN : `${encodeURIComponent(name.toWellFormed())}=${HIDDEN}`;
}

function failureCode(error: unknown, signal: AbortSignal | null | undefined): string {
  if (isChatelaineError(error)) return error.code;
  return signal?.aborted === true ? 'aborted' : 'internal_error';
}
