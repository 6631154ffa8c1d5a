// What an authorization server's refusal means for us. The same reading of status and `error` serves the
// token, registration and revocation endpoints, so that a fault of the moment is never taken for a verdict.

import type { ErrorCode, ErrorDetails } from '../errors.ts';
import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { ForeignDocument } from './foreign-document.ts';
import { oneLine } from './foreign-document.ts';
import { retryAfterSeconds } from './retry-after.ts';

const TOO_MANY_REQUESTS = 429;
/** OAuth errors that say "later" (RFC 6749 section 4.1.2.1, RFC 8628 section 3.5), whatever the status beside them. */
const TRANSIENT_ERRORS: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);

/**
 * The fault of the moment in an answer, or null when its status and `error` are a verdict.
 *
 * 429 and 5xx, and 4xx without an OAuth error (a proxy or firewall spoke, not the authorization server).
 */
export function transientFault(response: Response, error: string | null, who: string): ChatelaineError | null {
  const { status } = response;
  const verdict = error !== null && !TRANSIENT_ERRORS.has(error) && status < 500 && status !== TOO_MANY_REQUESTS;
  if (verdict) return null;
  const pause = retryAfterSeconds(response.headers);
  const code: ErrorCode =
    status === TOO_MANY_REQUESTS || error === 'slow_down' ? 'upstream_rate_limited' : 'upstream_http_error';
  return new ChatelaineError(
    code,
    `${who} answered HTTP ${status}${error === null ? '' : ` (${quoteForeign(error)})`}. That says nothing about the credentials; try again later.`,
    {
      details: {
        upstreamStatus: status,
        ...(error === null ? {} : { upstreamCode: error }),
        ...(pause === null ? {} : { retryAfterSeconds: pause }),
      },
    },
  );
}

export type ForeignError = {
  /** `error`; null when the document has none. */
  readonly code: string | null;
  /** `error_description`, without anything secret that we had sent. */
  readonly text: string | null;
};

/** The error that a document states; servers that echo what they were sent do not get it into a message. */
export function foreignError(document: ForeignDocument | null, sent: readonly Secret[] = []): ForeignError {
  return { code: words(document?.error, sent), text: words(document?.error_description, sent) };
}

/** The provider's words behind a colon, for a message; empty when it had none. */
export function inItsWords({ code, text }: ForeignError): string {
  if (code === null) return '';
  return text === null ? `: ${quoteForeign(code)}` : `: ${quoteForeign(code)}, ${quoteForeign(text)}`;
}

/** The same for `details`. */
export function foreignDetails({ code, text }: ForeignError, status?: number): ErrorDetails {
  return {
    ...(status === undefined ? {} : { upstreamStatus: status }),
    ...(code === null ? {} : { upstreamCode: code }),
    ...(text === null ? {} : { upstreamText: text }),
  };
}

function words(value: unknown, sent: readonly Secret[]): string | null {
  if (typeof value !== 'string') return null;
  // Before the text is cut, or half a secret could stay at its end.
  const clean = sent.reduce(
    (text, secret) => (secret.isEmpty ? text : text.replaceAll(secret.reveal(), '[secret]')),
    value,
  );
  return oneLine(clean);
}
