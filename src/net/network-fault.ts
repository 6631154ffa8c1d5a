// Puts what goes wrong on the wire into Chatelaine's words. The original error, which may name addresses,
// stays in `cause` for the log; the message says what a person can do with it.

import { ChatelaineError, type ErrorCode, isChatelaineError, quoteForeign } from '../errors.ts';

type Fault = readonly [code: ErrorCode, words: string];

const TIMEOUT: Fault = ['upstream_timeout', 'did not answer in time'];
const DROPPED: Fault = ['upstream_unreachable', 'closed the connection before the answer was complete'];
const NO_ROUTE: Fault = ['upstream_unreachable', 'cannot be reached from this network'];
const NO_NAME: Fault = ['upstream_unreachable', 'has a name that DNS does not know'];

const FAULTS: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ['UND_ERR_CONNECT_TIMEOUT', ['upstream_timeout', 'did not accept a connection in time']],
  ['ETIMEDOUT', TIMEOUT],
  ['ENOTFOUND', NO_NAME],
  ['ENODATA', NO_NAME],
  ['EAI_AGAIN', ['upstream_unreachable', 'could not be looked up: DNS does not answer at the moment']],
  ['ECONNREFUSED', ['upstream_unreachable', 'refuses connections']],
  ['ECONNRESET', DROPPED],
  ['EPIPE', DROPPED],
  ['UND_ERR_SOCKET', DROPPED],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', DROPPED],
  ['EHOSTUNREACH', NO_ROUTE],
  ['ENETUNREACH', NO_ROUTE],
  ['EADDRNOTAVAIL', NO_ROUTE],
  ['UND_ERR_HEADERS_OVERFLOW', ['upstream_too_large', 'sent more header data than is accepted']],
  ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', ['invalid_request', 'was sent a request body of the wrong length']],
  ['UND_ERR_INVALID_ARG', ['invalid_request', 'cannot be sent this request: a header or the method is malformed']],
  ['UND_ERR_DESTROYED', ['upstream_unreachable', 'was given up because Chatelaine is stopping']],
  ['CERT_HAS_EXPIRED', ['upstream_unreachable', 'failed the TLS check: its certificate has expired']],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    ['upstream_unreachable', 'failed the TLS check: its certificate is for another host'],
  ],
]);

const UNTRUSTED: Fault = [
  'upstream_unreachable',
  'failed the TLS check: its certificate is not trusted by this machine',
];
const TLS: Fault = ['upstream_unreachable', 'failed the TLS handshake'];
const NOT_HTTP: Fault = ['upstream_invalid_response', 'sent an answer that is not valid HTTP'];
const UNKNOWN: Fault = ['upstream_unreachable', 'could not be reached'];

/** The ChatelaineError for an error of the HTTP client; one that already is a ChatelaineError passes through. */
export function networkFault(error: unknown, host: string): ChatelaineError {
  if (isChatelaineError(error)) return error;
  const [code, words] =
    error instanceof Error && error.name === 'HTTPParserError' ? NOT_HTTP : classify(errorCode(error));
  return new ChatelaineError(code, `${quoteForeign(host)} ${words}.`, { cause: error });
}

/** A time limit of our own ran out. */
export function timeoutFault(host: string, waitedForMs: number, what: string): ChatelaineError {
  const seconds = Math.max(1, Math.round(waitedForMs / 1000));
  return new ChatelaineError('upstream_timeout', `${quoteForeign(host)} ${what} within ${seconds} s.`);
}

/** The request never left, because all connections to the server were in use. */
export function crowdedFault(host: string): ChatelaineError {
  const message = `All connections to ${quoteForeign(host)} are in use; try again in a moment.`;
  return new ChatelaineError('upstream_rate_limited', message, { details: { retryAfterSeconds: 1 } });
}

/** The body passed its limit. */
export function tooLargeFault(host: string, maxBytes: number): ChatelaineError {
  return new ChatelaineError('upstream_too_large', `${quoteForeign(host)} sent more than ${maxBytes} bytes.`);
}

function classify(code: string): Fault {
  const fault = FAULTS.get(code);
  if (fault !== undefined) return fault;
  if (/CERT|UNABLE_TO_|SIGNED/.test(code)) return UNTRUSTED;
  if (/^(ERR_SSL|ERR_TLS|EPROTO)/.test(code)) return TLS;
  return UNKNOWN;
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
