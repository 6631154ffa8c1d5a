// What a resource server wants of us, out of its `WWW-Authenticate`: RFC 6750 (errors, scope), RFC 9728
// (where its metadata is). The field's grammar is www-authenticate.ts's.

import { oneLine } from './foreign-document.ts';
import { normalizeScope } from './scope.ts';
import type { BearerChallenge } from './types.ts';
import { parseChallenges } from './www-authenticate.ts';

/**
 * The challenge that says most about an OAuth access token: one that names the resource metadata, else one
 * that names an error, else the first; Bearer before DPoP. Null when neither scheme is offered.
 *
 * @see RFC 6750 section 3, RFC 9449 section 7.1, RFC 9728 section 5.1
 */
export function bearerChallenge(headers: Headers): BearerChallenge | null {
  const field = headers.get('www-authenticate');
  if (field === null) return null;
  const all = parseChallenges(field);
  const offered = [...all.filter((one) => one.scheme === 'bearer'), ...all.filter((one) => one.scheme === 'dpop')];
  const best =
    offered.find((one) => one.params.get('resource_metadata')) ??
    offered.find((one) => one.params.get('error')) ??
    offered[0];
  if (best === undefined) return null;
  const param = (name: string): string | null => best.params.get(name) || null;
  const text = (name: string): string | null => oneLine(best.params.get(name) ?? '');
  return {
    scheme: best.scheme === 'dpop' ? 'dpop' : 'bearer',
    resourceMetadata: param('resource_metadata'),
    scope: normalizeScope(param('scope')),
    error: text('error'),
    errorDescription: text('error_description'),
    realm: text('realm'),
  };
}
