// From where a request comes, for limits and for the list of sessions. On https there is always a proxy before
// the hub, which ends TLS: then it is the last address of X-Forwarded-For, the one that this proxy itself saw.
// A proxy that does not say leaves it unknown: its own address would stand for everybody.

import type { Context } from 'hono';
import type { HttpEnvironment } from './environment.ts';

const MAX_CHARACTERS = 60;
/** With the port that some proxies add, and the brackets that then belong around IPv6. */
const IPV4 = /^(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?$/;
const IPV6_IN_BRACKETS = /^\[([0-9a-fA-F.:]+)\](?::\d{1,5})?$/;
const IPV6 = /^([0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F.:]*)$/;

export function clientAddress(c: Context<HttpEnvironment>, baseUrl: string): string | null {
  const own = (c.env as HttpEnvironment['Bindings'] | undefined)?.address ?? null;
  if (!baseUrl.startsWith('https:')) return own;
  const last = c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  if (last.length > MAX_CHARACTERS) return null;
  return (IPV4.exec(last) ?? IPV6_IN_BRACKETS.exec(last) ?? IPV6.exec(last))?.[1] ?? null;
}
