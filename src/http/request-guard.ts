// Checks that come before any route: the Host and Origin of the request (DNS rebinding, other sites'
// pages), the size and type of a body, and headers that keep answers where they belong.

import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { ChatelaineError } from '../errors.ts';
import { JSON_MAX_DEPTH, REQUEST_MAX_BYTES } from '../limits.ts';
import { isTooDeep } from '../mcp/json.ts';
import { NO_CONTENT_POLICY } from './content-policy.ts';
import { problemResponse } from './problem.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** A DNS name that is not ours may have been rebound to this address; an address literal cannot be. */
function hostAllowed(host: string, baseHost: string): boolean {
  if (host === baseHost) return true;
  let url: URL;
  try {
    url = new URL(`http://${host}`);
  } catch {
    return false;
  }
  return LOOPBACK.has(url.hostname) || /^[\d.]+$/.test(url.hostname) || url.hostname.startsWith('[');
}

function originAllowed(origin: string, base: URL, host: string | undefined): boolean {
  if (origin === base.origin) return true;
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return false;
  }
  return LOOPBACK.has(url.hostname) && url.host === host;
}

/** Why a request with these headers is refused; null when it is for this hub, and not from another site's page. */
export type HostAndOriginJudge = (host: string | undefined, origin: string | undefined) => ChatelaineError | null;

export function hostAndOriginJudge(baseUrl: string): HostAndOriginJudge {
  const base = new URL(baseUrl);
  return (given, origin) => {
    const host = given?.toLowerCase();
    if (host !== undefined && !hostAllowed(host, base.host)) {
      return new ChatelaineError(
        'misdirected_request',
        `This hub is ${base.origin}. Behind a proxy, pass the Host header on, or set CHATELAINE_URL.`,
      );
    }
    if (origin === undefined || originAllowed(origin, base, host)) return null;
    return new ChatelaineError(
      'forbidden',
      `Requests from the pages of another origin are refused; this hub is ${base.origin}.`,
    );
  };
}

/** Refuses requests for another host and from another site's page. */
export function checkHostAndOrigin(baseUrl: string): MiddlewareHandler {
  const judge = hostAndOriginJudge(baseUrl);
  return async (c, next) => {
    const refusal = judge(c.req.header('host'), c.req.header('origin'));
    return refusal === null ? next() : problemResponse(c, refusal);
  };
}

/** No database holds U+0000 in a text, and no address of the API means it. */
export const refuseNul: MiddlewareHandler = async (c, next) =>
  c.req.url.includes('%00')
    ? problemResponse(c, new ChatelaineError('invalid_request', 'The address holds a NUL character (%00).'))
    : next();

/** At most 1 MiB. */
export const limitBody: MiddlewareHandler = bodyLimit({
  maxSize: REQUEST_MAX_BYTES,
  onError: (c) => {
    // The rest of the body stays unread, so this connection cannot carry another request.
    c.header('connection', 'close');
    return problemResponse(c, new ChatelaineError('payload_too_large', 'The body is larger than 1 MiB.'));
  },
});

/** JSON where there is a body, nested no deeper than what is made of it can be written again. */
export const requireJson: MiddlewareHandler = async (c, next) => {
  const type = c.req.header('content-type');
  const length = c.req.header('content-length');
  const hasBody = length === undefined ? c.req.header('transfer-encoding') !== undefined : length !== '0';
  if (
    hasBody &&
    c.req.method !== 'GET' &&
    c.req.method !== 'HEAD' &&
    !/^application\/json\s*(?:;|$)/i.test(type ?? '')
  ) {
    return problemResponse(
      c,
      new ChatelaineError('unsupported_media_type', 'Send JSON with Content-Type: application/json.'),
    );
  }
  if (hasBody && isTooDeep(await c.req.text())) {
    const detail = `The body is nested more than ${JSON_MAX_DEPTH} levels deep.`;
    return problemResponse(c, new ChatelaineError('invalid_request', detail, { details: { field: 'body' } }));
  }
  return next();
};

/** Answers are for this caller only and are never framed, sniffed or referred from. */
export const answerHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  c.header('x-content-type-options', 'nosniff');
  c.header('referrer-policy', 'no-referrer');
  c.header('x-frame-options', 'DENY');
  if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  if (!c.res.headers.has('content-security-policy')) c.header('content-security-policy', NO_CONTENT_POLICY);
};
