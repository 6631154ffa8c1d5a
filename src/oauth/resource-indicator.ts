// The `resource` parameter (RFC 8707): it names the MCP server that the token is meant for, in the
// authorization request and in every token request, with the very same value.

import type { DiscoveryMode } from './types.ts';

/**
 * The `resource` to send; null: leave it out. What the protected resource metadata says is sent to the
 * letter, since a trip through a URL parser would add a slash to a bare origin.
 *
 * `auto` leaves it out only where nothing but the default endpoints of 2025-03-26 is known: that revision
 * has no such parameter. Some providers refuse it anywhere, and for those there is `never`.
 *
 * @see RFC 8707 section 2, MCP 2026-07-28 authorization, "Resource Parameter Implementation"
 */
export function resourceFor(input: {
  readonly policy: 'auto' | 'always' | 'never';
  readonly prmResource: string | null;
  readonly serverUrl: string;
  readonly mode: DiscoveryMode | 'manual';
}): string | null {
  if (input.policy === 'never') return null;
  if (input.prmResource !== null) return input.prmResource;
  if (input.policy === 'auto' && input.mode === 'legacy_endpoints') return null;
  return canonicalResource(input.serverUrl);
}

/**
 * The canonical URI of an MCP server: scheme and host in lower case, no fragment, no slash behind a bare
 * origin. The query stays behind, because keys are pasted there and `resource` goes to a third party.
 *
 * @see MCP 2026-07-28 authorization, "Canonical Server URI"
 */
function canonicalResource(url: string): string {
  const { origin, pathname } = new URL(url);
  return pathname === '/' ? origin : `${origin}${pathname}`;
}
