// The OAuth side of a stand-in: oidc-provider, configured as an MCP authorization server (PKCE, RFC 7591 registration,
// RFC 8707 resource, RFC 9207 iss, RFC 7009 revocation) and left honest. Faults are put around it, in oauth-faults.ts.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Configuration } from 'oidc-provider';
import { errors, Provider } from 'oidc-provider';
import type { Faults } from './faults.ts';
import type { Answer } from './http.ts';
import { capture, jsonAnswer, parseObject, replay } from './http.ts';
import { handleInteraction } from './interaction.ts';
import type { TokenStore } from './store.ts';
import type { ClientMetadata, ProviderOptions, SignIn } from './types.ts';

const DAY_SECONDS = 86_400;
const DEFAULT_ACCESS_TOKEN_SECONDS = 3600;

export type AuthorizationServerContext = {
  displayName: string;
  issuer: string;
  /** What tokens may be issued for: the MCP URL first, which is also the default. */
  resources: () => string[];
  scopes: string[];
  store: TokenStore;
  faults: Faults;
  signIn: SignIn;
  options: ProviderOptions;
};

export type AuthorizationServer = {
  /** Answers a request whose path begins with the issuer's; `path` is what follows. */
  handle(request: IncomingMessage, response: ServerResponse, path: string, body: string): Promise<Answer>;
  registerClient(metadata: ClientMetadata): Promise<{ clientId: string; clientSecret?: string }>;
};

export function createAuthorizationServer(context: AuthorizationServerContext): AuthorizationServer {
  const prefix = new URL(context.issuer).pathname.replace(/\/$/, '');
  const provider = new Provider(context.issuer, configuration(context, prefix));
  const callback = provider.callback();
  const page = {
    displayName: context.displayName,
    signIn: context.signIn,
    resourceScopes: () => resourceScopes(context),
  };

  return {
    async handle(request, response, path, body) {
      if (path === '/register' && request.method === 'POST' && hasPlainWebRedirect(body)) {
        return jsonAnswer(400, { error: 'invalid_redirect_uri', error_description: 'web clients must use https' });
      }
      const isStart = path.split('?')[0] === '/authorize';
      // Each authorization is signed out of the one before, so that `signIn.account` decides every time.
      const headers = path.startsWith('/authorize')
        ? withoutCookie(request.headers, sessionCookie(context))
        : request.headers;
      const url = isStart ? withDefaultScope(path, context.scopes) : path;
      const copy = replay(request, { url, headers, body: withoutScope(path, body) });
      // oidc-provider takes the difference between the two as the path it is mounted on.
      copy.originalUrl = `${prefix}${url}`;
      const handler = path.startsWith('/interaction/')
        ? () => handleInteraction(provider, page, copy, response, body)
        : () => callback(copy, response);
      return capture(handler, copy, response);
    },

    async registerClient({ redirectUris, confidential = true, name }) {
      const clientId = `pre-${randomBytes(8).toString('hex')}`;
      const clientSecret = confidential ? randomBytes(24).toString('base64url') : undefined;
      await context.store.adapter('Client').upsert(clientId, {
        client_id: clientId,
        redirect_uris: redirectUris,
        grant_types: [
          'authorization_code',
          'refresh_token',
          ...(context.options.clientCredentials ? ['client_credentials'] : []),
        ],
        response_types: ['code'],
        token_endpoint_auth_method: confidential ? 'client_secret_basic' : 'none',
        ...(clientSecret ? { client_secret: clientSecret } : {}),
        ...(name ? { client_name: name } : {}),
      });
      return { clientId, ...(clientSecret ? { clientSecret } : {}) };
    },
  };
}

function configuration(context: AuthorizationServerContext, prefix: string): Configuration {
  const { faults, options, store } = context;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const origins = options.clientIdMetadataOrigins;
  const accessTokenSeconds = () =>
    faults.accessTokenSeconds ?? options.accessTokenSeconds ?? DEFAULT_ACCESS_TOKEN_SECONDS;

  return {
    adapter: (model) => store.adapter(model),
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'stand-in' }] },
    clientDefaults: { id_token_signed_response_alg: 'ES256', grant_types: ['authorization_code', 'refresh_token'] },
    responseTypes: ['code'],
    // Resource scopes must stay out of here, or oidc-provider asks for consent to them again and again.
    scopes: ['openid', 'offline_access'],
    pkce: { required: () => true },
    cookies: {
      keys: [randomBytes(16).toString('hex')],
      // Cookies ignore the port, so providers that run side by side need names of their own.
      names: {
        session: sessionCookie(context),
        interaction: `${slug(context)}_interaction`,
        resume: `${slug(context)}_resume`,
      },
    },
    routes: {
      authorization: '/authorize',
      token: '/token',
      registration: '/register',
      revocation: '/revoke',
      jwks: '/jwks',
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      ClientCredentials: accessTokenSeconds,
      Grant: 30 * DAY_SECONDS,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 30 * DAY_SECONDS,
      Session: DAY_SECONDS,
    },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_ctx, interaction) => `${prefix}/interaction/${interaction.uid}` },
    issueRefreshToken: (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') && (!options.offlineAccess || code.scopes.has('offline_access')),
    rotateRefreshToken: () => !faults.keepsRefreshToken,
    // Refresh tokens outlive the browser session, as agents need them to.
    expiresWithSession: () => false,
    clientBasedCORS: () => false,
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
      clientCredentials: { enabled: options.clientCredentials === true },
      ...(origins ? { clientIdMetadataDocument: { enabled: true, ack: 'draft-02' } } : {}),
      resourceIndicators: {
        enabled: true,
        // Clients older than RFC 8707 support get tokens for the only resource there is.
        defaultResource: () => context.resources()[0] ?? '',
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => {
          if (!context.resources().includes(resource)) throw new errors.InvalidTarget();
          return {
            scope: resourceScopes(context).join(' '),
            audience: resource,
            accessTokenTTL: accessTokenSeconds(),
            accessTokenFormat: 'opaque',
          };
        },
      },
    },
    ...(origins ? { fetch: (url, init) => fetchDocument(origins, String(url), init) } : {}),
  } as Configuration;
}

/** What the resource knows, and what a step-up fault asks for, so that it can be granted. */
function resourceScopes({ scopes, faults }: AuthorizationServerContext): string[] {
  const extra = faults.insufficientScope?.scope.split(' ') ?? [];
  return [...new Set([...scopes, ...extra])];
}

/** Client ID metadata has an https address; tests keep the document on loopback. */
function fetchDocument(origins: Record<string, string>, url: string, init: RequestInit | undefined): Promise<Response> {
  const { origin, pathname, search } = new URL(url);
  const target = origins[origin];
  if (!target) throw new Error(`no client metadata is kept for ${origin}`);
  const { method, headers, redirect, signal } = init ?? {};
  const plain = { ...(method && { method }), ...(headers && { headers }), ...(redirect && { redirect }) };
  return fetch(`${target}${pathname}${search}`, { ...plain, ...(signal ? { signal } : {}) });
}

/** OpenID Connect Registration §2: `web`, which is also the default, means https; loopback is for `native`. */
function hasPlainWebRedirect(body: string): boolean {
  const metadata = parseObject(body);
  const uris = Array.isArray(metadata?.redirect_uris) ? metadata.redirect_uris : [];
  return (metadata?.application_type ?? 'web') === 'web' && uris.some((uri) => URL.parse(uri)?.protocol === 'http:');
}

/** oidc-provider refuses to register scopes that are not its own; RFC 7591 lets a server ignore the wish instead. */
function withoutScope(path: string, body: string): string {
  if (path !== '/register') return body;
  const { scope: _, ...metadata } = parseObject(body) ?? {};
  return JSON.stringify(metadata);
}

/** A request without scopes gets them all (RFC 6749 §3.3); oidc-provider would find nothing to grant, and deny. */
function withDefaultScope(path: string, scopes: string[]): string {
  const [pathname, query] = path.split('?');
  const parameters = new URLSearchParams(query);
  if (!parameters.get('scope')) parameters.set('scope', scopes.join(' '));
  return `${pathname}?${parameters}`;
}

function withoutCookie(headers: IncomingMessage['headers'], name: string): IncomingMessage['headers'] {
  const kept = (headers.cookie ?? '')
    .split(/;\s*/)
    .filter((pair) => !pair.startsWith(`${name}=`) && !pair.startsWith(`${name}.sig=`));
  return { ...headers, cookie: kept.join('; ') };
}

const slug = ({ displayName }: AuthorizationServerContext) => displayName.toLowerCase().replaceAll(/\W+/g, '_');
const sessionCookie = (context: AuthorizationServerContext) => `${slug(context)}_session`;
