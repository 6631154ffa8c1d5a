// What to do with a redirect (RFC 9110 section 15.4), decided without sending anything. Documents may
// move, so metadata follows a few; a token request never follows one (RFC 9700 section 4.11); an MCP
// request follows only where its method and body survive and the origin stays.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { RawAnswer } from '../outbound.ts';

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** May go along to another origin: they hold nothing of the user's. */
const HARMLESS_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'mcp-protocol-version',
  'user-agent',
]);

export type RedirectRule = 'follow_documents' | 'refuse' | 'same_origin';

/**
 * The URL to go on with, or null when the answer is no redirect.
 *
 * @param method of the request that was answered
 * @throws upstream_redirect_refused naming the origin to which the server wanted to send us
 */
export function redirectTarget(
  rule: RedirectRule,
  from: URL,
  method: string,
  answer: Pick<RawAnswer, 'status' | 'headers'>,
): URL | null {
  if (!REDIRECTS.has(answer.status)) return null;
  const location = answer.headers.location === undefined ? null : String(answer.headers.location);
  if (location === null && rule !== 'refuse') return null;
  const target = location === null ? null : URL.parse(location, from.href);
  if (target === null) throw refused(from, answer.status, 'without a readable target');
  const where = `to ${quoteForeign(target.origin === 'null' ? target.protocol : target.origin)}`;

  if (rule === 'refuse') throw refused(from, answer.status, `${where}; such a request is never redirected`);
  if (rule === 'same_origin') {
    if (target.origin !== from.origin) throw refused(from, answer.status, `${where}, which is another origin`);
    if (answer.status !== 307 && answer.status !== 308) {
      throw refused(from, answer.status, `${where} with a status that does not keep the request's method and body`);
    }
    return target;
  }
  if (method !== 'GET' && method !== 'HEAD') throw refused(from, answer.status, where);
  if (from.protocol === 'https:' && target.protocol !== 'https:') {
    throw refused(from, answer.status, `${where}, away from https`);
  }
  return target;
}

/** The error for a chain longer than is followed. */
export function tooManyRedirects(from: URL, maxRedirects: number): ChatelaineError {
  const message = `${quoteForeign(from.host)} redirects more than ${maxRedirects} times.`;
  return new ChatelaineError('upstream_redirect_refused', message);
}

/** The headers (name, value, name, value …) that may go from one URL to the next. */
export function headersForTarget(headers: readonly string[], from: URL, target: URL): string[] {
  if (from.origin === target.origin) return [...headers];
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = '', value = ''] = headers.slice(i, i + 2);
    if (HARMLESS_HEADERS.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

function refused(from: URL, status: number, how: string): ChatelaineError {
  return new ChatelaineError(
    'upstream_redirect_refused',
    `${quoteForeign(from.host)} redirects (${status}) ${how}. If the server has moved, enter its new address.`,
    { details: { upstreamStatus: status } },
  );
}
