// Where metadata documents live: the candidate URLs, in the order in which they are to be tried. Pure text
// work; metadata-request.ts asks, the callers judge the answers.

const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource';
const OAUTH_SERVER = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

/**
 * Protected resource metadata of an MCP URL: the path form, then the root. A trailing slash is part of the
 * path (RFC 9728 section 3.1), but many servers publish without it, so that form is tried as well.
 *
 * @see RFC 9728 section 3.1, MCP 2026-07-28 authorization server discovery
 */
export function resourceMetadataUrls(serverUrl: string): string[] {
  const { origin, pathname, search } = new URL(serverUrl);
  const path = pathname === '/' ? '' : pathname;
  const candidates = [path + search, withoutTrailingSlash(path) + search, ''];
  return [...new Set(candidates)].map((suffix) => origin + PROTECTED_RESOURCE + suffix);
}

/**
 * Metadata of an issuer. With a path: RFC 8414 inserted, OpenID inserted, OpenID appended; without one: RFC
 * 8414, OpenID. The root document of an issuer with a path belongs to another issuer and is never asked for.
 *
 * @see RFC 8414 section 3.1, OpenID Connect Discovery 1.0 section 4, MCP 2026-07-28 authorization server discovery
 */
export function serverMetadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = withoutTrailingSlash(pathname);
  if (path === '') return [origin + OAUTH_SERVER, origin + OPENID];
  return [origin + OAUTH_SERVER + path, origin + OPENID + path, origin + path + OPENID];
}

/** The one place where a 2025-03-26 server publishes its metadata: at its origin, whatever its path. */
export function legacyServerMetadataUrl(origin: string): string {
  return origin + OAUTH_SERVER;
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
