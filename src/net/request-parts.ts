// Turns a RequestInit into what undici's dispatcher takes: a flat list of headers and a body. Headers that
// belong to the connection or to a browser never leave: no cookies, no Referer, no Host of the caller's choice.

import type { PassageRequest } from '../outbound.ts';
import { ACCEPTED_CODINGS } from './decode-body.ts';

const DROPPED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'cookie',
  'cookie2',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'referer',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Kept whole, so that a redirect can send it again. */
export type RequestContent = string | Uint8Array | null;

export type RequestParts = {
  readonly method: string;
  /** name, value, name, value … */
  readonly headers: readonly string[];
  readonly body: RequestContent;
};

/** @throws TypeError for a body that is not in memory as text or bytes */
export function requestParts(init: RequestInit | undefined, userAgent: string): RequestParts {
  const method = (init?.method ?? 'GET').toUpperCase();
  const headers: string[] = [];
  const present = new Set<string>();
  for (const [name, value] of headerEntries(init?.headers)) {
    const lowerName = name.toLowerCase();
    if (DROPPED_HEADERS.has(lowerName)) continue;
    present.add(lowerName);
    headers.push(name, value);
  }
  if (!present.has('user-agent')) headers.push('user-agent', userAgent);
  if (!present.has('accept-encoding')) headers.push('accept-encoding', ACCEPTED_CODINGS);

  const [body, contentType] = content(init?.body);
  if (contentType !== null && !present.has('content-type')) headers.push('content-type', contentType);
  return { method, headers, body };
}

/** The same for headers that are a flat list of lower-case names and values already. */
export function passageParts({ method, headers: given, body }: PassageRequest, userAgent: string): RequestParts {
  const headers: string[] = [];
  let isNamed = false;
  for (let i = 0; i + 1 < given.length; i += 2) {
    const [name = '', value = ''] = [given[i], given[i + 1]];
    if (DROPPED_HEADERS.has(name)) continue;
    if (name === 'user-agent') isNamed = true;
    headers.push(name, value);
  }
  if (!isNamed) headers.push('user-agent', userAgent);
  headers.push('accept-encoding', ACCEPTED_CODINGS);
  return { method, headers, body };
}

function headerEntries(headers: RequestInit['headers'] | undefined): Iterable<readonly [string, string]> {
  if (headers === undefined) return [];
  if (Array.isArray(headers)) return headers as [string, string][];
  if (Symbol.iterator in headers) return headers as Iterable<[string, string]>;
  return Object.entries(headers as Record<string, string>);
}

function content(body: RequestInit['body'] | undefined): readonly [RequestContent, contentType: string | null] {
  if (body === null || body === undefined) return [null, null];
  if (typeof body === 'string') return [body, 'text/plain;charset=UTF-8'];
  if (body instanceof URLSearchParams) {
    return [body.toString(), 'application/x-www-form-urlencoded;charset=UTF-8'];
  }
  if (body instanceof Uint8Array) return [body, null];
  throw new TypeError('A request body must be a string, URLSearchParams or Uint8Array.');
}
