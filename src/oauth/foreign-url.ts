// URLs that a remote document named. Whether their host may be contacted is the guarded fetch's to decide;
// here is decided whether they are URLs that OAuth can mean at all: absolute, http or https, nothing hidden.

import { OAUTH_VALUE_MAX_CHARACTERS } from '../limits.ts';

/** Says whether plain http will do for this URL (loopback and hosts that the operator approved). */
export type AllowHttp = (url: URL) => boolean;

/**
 * The URL, or null for anything that is relative, of another scheme (`javascript:`, `data:`, `file:` …), with
 * user name or password, with a fragment, or too long. A list of what is allowed, never of what is not.
 *
 * @see RFC 9700 section 4, MCP 2025-11-25 security best practices
 */
export function foreignUrl(text: unknown): URL | null {
  if (
    typeof text !== 'string' ||
    text.length > OAUTH_VALUE_MAX_CHARACTERS ||
    !/^https?:\/\/[\x21-\x7e]+$/i.test(text)
  ) {
    return null;
  }
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || text.includes('#')) return null;
  return url;
}

/** The URL for a note or a message: without its query, which may hold a key. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return '(not a URL)';
  return `${parsed.origin}${parsed.pathname}${parsed.search === '' ? '' : '?…'}`;
}

/** True for hosts that mean this machine (RFC 8252 section 7.3). */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(url.hostname);
}
