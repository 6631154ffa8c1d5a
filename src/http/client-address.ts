// From where a request comes, for limits and for the list of sessions. On https there is always a proxy before
// the hub, which ends TLS: then it is the last address of X-Forwarded-For, the one that this proxy itself saw.

import type { Context } from 'hono';
import type { HttpEnvironment } from './environment.ts';

const MAX_CHARACTERS = 60;

export function clientAddress(c: Context<HttpEnvironment>, baseUrl: string): string | null {
  const own = (c.env as HttpEnvironment['Bindings'] | undefined)?.address ?? null;
  if (!baseUrl.startsWith('https:')) return own;
  const last = c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  return /^[0-9a-fA-F.:]+$/.test(last) && last.length <= MAX_CHARACTERS ? last : own;
}
