// Which scope to ask for: the "Scope Selection Strategy" and the step-up rule of the MCP authorization
// specification, narrowed by what the operator allows. Scopes are opaque; no hierarchy is guessed.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { METADATA_LIST_MAX_ENTRIES } from '../limits.ts';

const OFFLINE_ACCESS = 'offline_access';
/** RFC 6749 section 3.3: visible ASCII without `"` and `\`. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

export type ScopeInput = {
  /** Set by hand; replaces what discovery would choose. */
  readonly manual: string | null;
  /** `scope` of the server's challenge. */
  readonly challenged: string | null;
  /** `scopes_supported` of the protected resource metadata. */
  readonly scopesSupported: readonly string[] | null;
  /** The operator's bound on everything a server may ask for. */
  readonly allowList: string | null;
  /** Whether refresh tokens are wanted; this, not `allowList`, governs `offline_access`. */
  readonly offlineAccess: boolean;
  /** `scopes_supported` of the authorization server. */
  readonly serverScopes: readonly string[] | null;
  /** For a step-up: what the present grant has, and what the server asks for beyond it. */
  readonly granted?: string | null;
  readonly missing?: string | null;
};

/**
 * The `scope` parameter, space-separated; null: leave it out.
 *
 * The challenge wins over `scopes_supported`, and without either nothing is asked for. In a step-up the
 * earlier scope stays in, since the new token replaces the old one. `offline_access` is asked for only
 * where the authorization server lists it, since others answer `invalid_scope`.
 *
 * @throws invalid_request when the allow list leaves nothing: omitting the parameter then would ask for the
 *   provider's default, which may be more than was allowed
 * @see MCP 2026-07-28 authorization, "Scope Selection Strategy", "Step-Up Authorization Flow", "Refresh Tokens"
 */
export function selectScope(input: ScopeInput): string | null {
  const initial =
    normalizeScope(input.manual) ?? normalizeScope(input.challenged) ?? joined(input.scopesSupported ?? []);
  const wanted = split(unionScope(initial, input.granted ?? null, input.missing ?? null));
  const permissions = narrow(
    wanted.filter((scope) => scope !== OFFLINE_ACCESS || isManual(input, scope)),
    input.allowList,
  );
  const offline = permissions.length > 0 && input.offlineAccess && (input.serverScopes ?? []).includes(OFFLINE_ACCESS);
  return joined(offline ? [...permissions, OFFLINE_ACCESS] : permissions);
}

/** All scopes of all parts, each once, in order of appearance; null when there is none. */
function unionScope(...parts: readonly (string | null)[]): string | null {
  return joined(parts.flatMap(split));
}

/** What `required` has and `granted` lacks. An unknown grant lacks everything. */
export function missingScopes(granted: string | null, required: string | null): string[] {
  const held = new Set(split(granted));
  return split(required).filter((scope) => !held.has(scope));
}

/** One space between scopes, each once, without what cannot be a scope; null for nothing. */
export function normalizeScope(scope: string | null): string | null {
  return joined(split(scope));
}

function isManual(input: ScopeInput, scope: string): boolean {
  return split(input.manual).includes(scope);
}

function narrow(scopes: readonly string[], allowList: string | null): readonly string[] {
  const allowed = split(allowList);
  if (allowed.length === 0) return scopes;
  if (scopes.length === 0) return allowed;
  const kept = scopes.filter((scope) => allowed.includes(scope));
  if (kept.length > 0) return kept;
  throw new ChatelaineError(
    'invalid_request',
    `None of the scopes asked for (${quoteForeign(scopes.join(' '))}) is in oauth.scopeAllowList; add those that may be granted.`,
    { details: { field: 'oauth.scopeAllowList', scopes } },
  );
}

function split(scope: string | null): string[] {
  return (scope ?? '').split(/\s+/).filter((one) => SCOPE_TOKEN.test(one));
}

function joined(scopes: readonly string[]): string | null {
  const unique = [...new Set(scopes)].filter((one) => SCOPE_TOKEN.test(one)).slice(0, METADATA_LIST_MAX_ENTRIES);
  return unique.length === 0 ? null : unique.join(' ');
}
