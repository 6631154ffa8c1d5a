// The switches that make a stand-in misbehave. Every one is off when absent; all may be changed at run time,
// by mutating `provider.faults` or with POST /__faults (JSON, `null` switches one off). README.md has the table.

/** What a request asks for; wire faults are set for each of these apart. */
export type Endpoint =
  | 'resourceMetadata'
  | 'serverMetadata'
  | 'registration'
  | 'authorization'
  | 'token'
  | 'revocation'
  | 'mcp';

export type PerEndpoint<T> = { [E in Endpoint]?: T };

/** A canned answer, given instead of the real one. `times` counts down to zero; absent means every time. */
export type CannedAnswer = { status: number; headers?: Record<string, string>; body?: string; times?: number };

export type InsufficientScope = {
  /** The scope that the challenge names, and that a token must have to be let in. */
  scope: string;
  /** Only calls of this tool; absent means every MCP request. */
  tool?: string;
};

export type Challenge = {
  /** `scope` parameter of the 401 challenge. */
  scope?: string;
  /** `false` leaves out `resource_metadata`; a string replaces its URL. */
  resourceMetadata?: false | string;
  /** The whole header value, replacing everything else; `''` sends no WWW-Authenticate at all. */
  raw?: string;
};

export type Faults = {
  // On the wire, for each endpoint kind.
  delayMs?: PerEndpoint<number>;
  answer?: PerEndpoint<CannedAnswer>;
  /** 200 with an HTML page where JSON is expected. */
  html?: PerEndpoint<boolean>;
  /** The connection is closed without an answer, this many times, before anything is processed. */
  dropBefore?: PerEndpoint<number>;
  /** As above, but after processing: a refresh token is rotated and the answer lost. */
  dropAfter?: PerEndpoint<number>;
  /** The real answer with a padding member (or, in an event stream, a comment) of this many megabytes (10^6 bytes). */
  hugeBodyMb?: PerEndpoint<number>;
  /** As above, but sent gzip-encoded, a thousandth of its size on the wire; event streams are not compressed. */
  gzipBombMb?: PerEndpoint<number>;
  /** Redirects to itself for ever, with a counter in the query. */
  redirectLoop?: PerEndpoint<boolean>;

  // Discovery.
  /** The path form of the protected resource metadata answers 403 with HTML, as a CDN would; the root form works. */
  cdn403?: boolean;
  /** 2025-03-26 style: no protected resource metadata and no pointer to it in the challenge. */
  noResourceMetadata?: boolean;
  /** No authorization server metadata: only /authorize, /token and /register at the origin. */
  noServerMetadata?: boolean;
  /** Merged into the protected resource metadata; a `null` member removes one. */
  resourceMetadata?: Record<string, unknown>;
  /** Merged into the authorization server metadata; a `null` member removes one. */
  serverMetadata?: Record<string, unknown>;
  /** Protected resource metadata names another `resource` (`true`: one on another host). */
  wrongResource?: boolean | string;
  /** Authorization server metadata names another `issuer` (`true`: one on another host). */
  mismatchedIssuer?: boolean | string;
  noCodeChallengeMethods?: boolean;
  /** No `registration_endpoint`, and 404 where it was. */
  noRegistration?: boolean;
  challenge?: Challenge;

  // Authorization and token endpoints.
  /** `iss` of the authorization response names another issuer (`true`: one on another host). */
  wrongIss?: boolean | string;
  /** No `iss` in the authorization response although the metadata promises it. */
  missingIss?: boolean;
  /** Every token request is answered 401 `invalid_client`. */
  forgetsClient?: boolean;
  /** Requests that carry `resource` are answered `invalid_target`. */
  refusesResource?: boolean;
  /** Scopes that `scopes_supported` does not list are answered invalid_scope instead of being ignored. */
  strictScopes?: boolean;
  /** No rotation: a refresh answer carries no refresh token, the old one stays good. */
  keepsRefreshToken?: boolean;
  noRefreshToken?: boolean;
  noExpiresIn?: boolean;
  /** Lifetime of access tokens issued from now on. */
  accessTokenSeconds?: number;
  /** Revocation answers 503. */
  revocationFails?: boolean;

  // MCP.
  insufficientScope?: InsufficientScope;
  pageSize?: number;
  /** `nextCursor` is always the same. */
  loopingCursor?: boolean;
  /** `nextCursor` is always new; the pages repeat the tools under new names. */
  endlessPages?: boolean;
  /** This page of tools/list (counted from 1) answers HTTP 500; needs `pageSize`. */
  failsOnPage?: number;
  /** The first tool is listed a second time under the same name. */
  duplicateToolNames?: boolean;
  /** Adds tools whose `x-mcp-header` annotations are invalid (2026-07-28 clients must drop them). */
  invalidHeaderTools?: boolean;
  /** Adds a tool with a valid `x-mcp-header`; modern calls without the right `Mcp-Param-Region` get -32020. */
  paramHeaderTool?: boolean;
  /** Initialize eras: 400 when a request other than initialize has no Mcp-Session-Id. */
  sessionRequired?: boolean;
  /** The next request with a known session finds it gone (404), once; switches itself off. */
  lostSession?: boolean;
  /** SSE answers with comments, ids, CRLF line ends and one JSON text over several `data:` lines. */
  awkwardSse?: boolean;
};

/** Takes one use off a countdown; `true` when there was one left. */
export function spend(counts: PerEndpoint<number> | undefined, endpoint: Endpoint | undefined): boolean {
  if (!counts || !endpoint || !counts[endpoint]) return false;
  counts[endpoint] -= 1;
  return true;
}

/** Applies a POST /__faults body: members replace switches, `null` switches one off. */
export function mergeFaults(faults: Faults, change: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete (faults as Record<string, unknown>)[name];
    else (faults as Record<string, unknown>)[name] = value;
  }
}

/** Merges overrides into a metadata document; a `null` member removes one. */
export function withOverrides(
  document: Record<string, unknown>,
  overrides: Record<string, unknown> | undefined,
): Record<string, unknown> {
  const merged = { ...document, ...overrides };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null && value !== undefined));
}
