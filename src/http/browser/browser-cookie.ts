// The cookie that binds a flow to the browser in which it began. It holds a random secret and nothing
// else; the flow's record holds its hash.

import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { Secret } from '../../secret.ts';

const NAME = 'chatelaine_browser';
const SHAPE = /^[A-Za-z0-9_-]{43}$/;
const LIFETIME_SECONDS = 60 * 60;

const cookieName = (baseUrl: string): string => (baseUrl.startsWith('https:') ? `__Host-${NAME}` : NAME);

export function readBrowser(c: Context, baseUrl: string): Secret | null {
  const value = getCookie(c, cookieName(baseUrl));
  return value !== undefined && SHAPE.test(value) ? new Secret(value) : null;
}

/** This browser's secret, made when it has none. */
export function bindBrowser(c: Context, baseUrl: string): Secret {
  const browser = readBrowser(c, baseUrl) ?? new Secret(randomText());
  setCookie(c, cookieName(baseUrl), browser.reveal(), {
    httpOnly: true,
    // Lax, because the provider's redirect back is a top-level navigation from another site.
    sameSite: 'Lax',
    secure: baseUrl.startsWith('https:'),
    path: '/',
    maxAge: LIFETIME_SECONDS,
  });
  return browser;
}

function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
