// The two discovery documents: protected resource metadata (RFC 9728), which is ours, and authorization server
// metadata (RFC 8414), which is oidc-provider's own with the scopes an MCP client may ask for. Faults included.
import type { Faults } from './faults.ts';
import { withOverrides } from './faults.ts';
import type { Answer } from './http.ts';
import { jsonAnswer, jsonBody, notFound, textAnswer } from './http.ts';
import { STRANGER } from './oauth-faults.ts';
import type { MetadataLocation, ProviderOptions } from './types.ts';

const RESOURCE_METADATA = '/.well-known/oauth-protected-resource';

export type MetadataContext = {
  displayName: string;
  origin: string;
  issuer: string;
  mcpUrl: string;
  scopes: string[];
  faults: Faults;
  options: ProviderOptions;
};

export function isResourceMetadataPath(path: string): boolean {
  return path.startsWith(RESOURCE_METADATA);
}

/** Where the challenge of a 401 points, unless a fault says otherwise. */
export function resourceMetadataUrl({ mcpUrl, origin }: Pick<MetadataContext, 'mcpUrl' | 'origin'>): string {
  return `${origin}${RESOURCE_METADATA}${new URL(mcpUrl).pathname}`;
}

/** The path form is published; the root form only where a CDN swallows the other. */
export function resourceMetadata(context: MetadataContext, path: string): Answer {
  const { faults, mcpUrl, origin } = context;
  const form =
    `${origin}${path}` === resourceMetadataUrl(context) ? 'path' : path === RESOURCE_METADATA ? 'root' : 'other';
  if (faults.noResourceMetadata || form === 'other') return notFound();
  if (form === 'path' && faults.cdn403) return textAnswer(403, 'text/html', '<h1>403 Forbidden</h1><p>cdn</p>');
  if (form === 'root' && !faults.cdn403) return notFound();

  const honest = form === 'path' ? mcpUrl : origin;
  const wrong = typeof faults.wrongResource === 'string' ? faults.wrongResource : `${STRANGER}/mcp`;
  const document = {
    resource: faults.wrongResource ? wrong : honest,
    authorization_servers: [context.issuer],
    scopes_supported: context.scopes,
    bearer_methods_supported: ['header'],
    resource_name: context.displayName,
  };
  return jsonAnswer(200, withOverrides(document, faults.resourceMetadata));
}

/** Whether authorization server metadata is asked for here; `published` is false for the forms not in use. */
export function serverMetadataPath(context: MetadataContext, path: string): 'published' | 'unpublished' | undefined {
  const prefix = new URL(context.issuer).pathname.replace(/\/$/, '');
  const places: Record<MetadataLocation, string> = {
    oauth: `/.well-known/oauth-authorization-server${prefix}`,
    'openid-inserted': `/.well-known/openid-configuration${prefix}`,
    openid: `${prefix}/.well-known/openid-configuration`,
  };
  const published = (context.options.metadataAt ?? ['oauth', 'openid']).map((location) => places[location]);
  if (published.includes(path)) return 'published';
  return /\/\.well-known\/(oauth-authorization-server|openid-configuration)/.test(path) ? 'unpublished' : undefined;
}

/** What `scopes_supported` of the authorization server lists. */
export function supportedScopes({ scopes, options }: MetadataContext): string[] {
  return [...scopes, ...(options.offlineAccess ? ['offline_access'] : [])];
}

export function serverMetadata(context: MetadataContext, honest: Answer): Answer {
  const { faults } = context;
  const wrongIssuer = typeof faults.mismatchedIssuer === 'string' ? faults.mismatchedIssuer : STRANGER;
  const document = {
    ...jsonBody(honest),
    scopes_supported: supportedScopes(context),
    ...(faults.mismatchedIssuer ? { issuer: wrongIssuer } : {}),
    ...(faults.noCodeChallengeMethods ? { code_challenge_methods_supported: null } : {}),
    ...(faults.noRegistration ? { registration_endpoint: null } : {}),
  };
  return jsonAnswer(200, withOverrides(document, faults.serverMetadata));
}
