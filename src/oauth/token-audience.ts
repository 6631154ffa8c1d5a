// Looks whether an access token is plainly meant for somebody else. Tokens are opaque; only one that happens to
// be a readable JWT (RFC 9068) says anything, and it is a hint for people, never a verdict.

import { decodeJwt } from 'jose';
import { quoteForeign } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { oneLine } from './foreign-document.ts';
import { foreignUrl } from './foreign-url.ts';

/**
 * A warning when every audience of the token is a URL on an origin other than the resource's; else null. An
 * audience that is no URL may be the provider's name for anything.
 *
 * @see RFC 9068 section 3, RFC 8707 section 2
 */
export function audienceWarning(accessToken: Secret, resource: string): string | null {
  const audience = audienceOf(accessToken);
  const origin = foreignUrl(resource)?.origin;
  if (audience.length === 0 || origin === undefined) return null;
  if (audience.some((one) => (foreignUrl(one)?.origin ?? origin) === origin)) return null;
  const named = quoteForeign(oneLine(audience.join(', ')) ?? '');
  return `The access token is meant for ${named}, not for ${quoteForeign(resource)}; the server may refuse it.`;
}

function audienceOf(accessToken: Secret): readonly string[] {
  try {
    const { aud } = decodeJwt(accessToken.reveal());
    return [aud ?? []].flat().filter((one) => typeof one === 'string');
  } catch {
    return [];
  }
}
