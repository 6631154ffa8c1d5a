// Starts one stand-in: a node:http server whose routes are listed in `route` below, with faults around each.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuthorizationServer } from './authorization-server.ts';
import { createAuthorizationServer } from './authorization-server.ts';
import { accessTokens, apiKeys } from './bearer.ts';
import { control, isControlPath } from './control.ts';
import type { Endpoint, Faults } from './faults.ts';
import type { Answer } from './http.ts';
import { notFound, readBody, send, textAnswer } from './http.ts';
import { createMcpEndpoint } from './mcp/endpoint.ts';
import {
  isResourceMetadataPath,
  resourceMetadata,
  resourceMetadataUrl,
  serverMetadata,
  serverMetadataPath,
  supportedScopes,
} from './metadata.ts';
import { withOAuthFaults } from './oauth-faults.ts';
import { profiles } from './profiles.ts';
import { createRequestLog } from './request-log.ts';
import { createStore } from './store.ts';
import type { ProviderName, ProviderOptions, RunningProvider, SignIn } from './types.ts';
import { withWireFaults } from './wire-faults.ts';

const MCP_PATH = '/mcp';
const OAUTH_ENDPOINTS: Record<string, Endpoint> = {
  '/authorize': 'authorization',
  '/register': 'registration',
  '/revoke': 'revocation',
  '/token': 'token',
};

export async function startProvider(name: ProviderName, options: ProviderOptions = {}): Promise<RunningProvider> {
  const profile = profiles[name];
  const faults: Faults = { ...options.faults };
  const signIn: SignIn = { autoApprove: options.autoApprove ?? true, account: options.account ?? 'ada@example.test' };
  const log = createRequestLog();
  const store = createStore();
  const secretsIssued = new Set<string>();
  const issuerPath = options.issuerPath ?? '';
  let tools = structuredClone(profile.tools);

  const http = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject).listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const origin = `http://${options.host ?? '127.0.0.1'}:${(http.address() as AddressInfo).port}`;
  const mcpUrl = `${origin}${MCP_PATH}`;
  const issuer = `${origin}${issuerPath}`;
  // Behind the CDN fault the root document is in force, and its resource is the origin.
  const resources = () => (faults.cdn403 ? [mcpUrl, origin] : [mcpUrl]);

  const { displayName, scopes, sse } = profile;
  const metadata = scopes && { displayName, origin, issuer, mcpUrl, scopes, faults, options };
  const authorizationServer: AuthorizationServer | undefined =
    scopes && createAuthorizationServer({ displayName, issuer, resources, scopes, store, faults, signIn, options });
  const keys = scopes ? undefined : apiKeys(secretsIssued);
  const endpoint = createMcpEndpoint({
    serverName: name,
    displayName,
    mcpUrl,
    sse,
    faults,
    era: options.era ?? 'both',
    tools: () => tools,
    workspaces: keys && new Map(),
    authenticate: keys?.authenticate ?? accessTokens(store, resources),
    resourceMetadataUrl: metadata && resourceMetadataUrl(metadata),
    openListing: keys !== undefined,
  });

  // Two refreshes with one token must not both find it unused, so the token endpoint takes one request at a time.
  let tokenTurn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(kind: Endpoint | undefined, work: () => Promise<T>): Promise<T> => {
    if (kind !== 'token') return work();
    const done = tokenTurn.then(work);
    tokenTurn = done.catch(() => {});
    return done;
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readBody(request);
      const url = request.url ?? '/';
      const [path = '/'] = url.split('?');
      if (isControlPath(path)) {
        await send(response, await control(provider, request, body));
        return;
      }
      const entry = log.record(request, body);
      const kind = endpointOf(path);
      const answer = await withWireFaults(faults, kind, url, () => route(request, response, path, body));
      if (answer === 'dropped') {
        request.socket.destroy();
        return;
      }
      entry.status = answer.status;
      await send(response, answer);
    } catch (error) {
      // A stand-in that breaks should say so to whoever is writing the test.
      if (response.headersSent) request.socket.destroy();
      else await send(response, textAnswer(500, 'text/plain', `stand-in failed: ${(error as Error).stack}`));
    }
  }

  function endpointOf(path: string): Endpoint | undefined {
    if (path === MCP_PATH || path.startsWith(`${MCP_PATH}/`)) return 'mcp';
    if (isResourceMetadataPath(path)) return 'resourceMetadata';
    if (metadata ? serverMetadataPath(metadata, path) : path.includes('/.well-known/')) return 'serverMetadata';
    return path.startsWith(issuerPath) ? OAUTH_ENDPOINTS[path.slice(issuerPath.length)] : undefined;
  }

  async function route(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    body: string,
  ): Promise<Answer> {
    const kind = endpointOf(path);
    if (kind === 'mcp') return endpoint.handle(request, response, path, body);
    if (!authorizationServer || !metadata) return notFound();
    if (kind === 'resourceMetadata') return resourceMetadata(metadata, path);
    if (kind === 'serverMetadata') {
      if (serverMetadataPath(metadata, path) !== 'published' || faults.noServerMetadata) return notFound();
      const honest = await authorizationServer.handle(request, response, '/.well-known/openid-configuration', body);
      return serverMetadata(metadata, honest);
    }
    const url = request.url ?? '/';
    if (!path.startsWith(issuerPath)) return notFound();
    const query = new URL(url, origin).searchParams;
    const ask = () => authorizationServer.handle(request, response, url.slice(issuerPath.length), body);
    const oauthRequest = { endpoint: kind, query, body, scopes: supportedScopes(metadata) };
    return inTurn(kind, () => withOAuthFaults(faults, secretsIssued, oauthRequest, ask));
  }

  const provider: RunningProvider = {
    name,
    mcpUrl,
    origin,
    ...(scopes ? { issuer } : {}),
    faults,
    requests: log.requests,
    count: log.count,
    clearRequests: log.clear,
    secretsIssued,
    async expireAccessTokens() {
      for (const model of ['AccessToken', 'ClientCredentials']) store.forget(model);
    },
    async revokeGrants() {
      for (const model of ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'Grant']) store.forget(model);
    },
    async forgetClients() {
      store.forget('Client');
    },
    async registerClient(client) {
      if (!authorizationServer) throw new Error(`${name} has no OAuth clients`);
      const registered = await authorizationServer.registerClient(client);
      if (registered.clientSecret) secretsIssued.add(registered.clientSecret);
      return registered;
    },
    setTools(change) {
      tools = change(structuredClone(tools));
      endpoint.toolsChanged();
    },
    tools: () => structuredClone(tools),
    ...(keys ? { apiKeys: { issue: keys.issue, revoke: keys.revoke } } : {}),
    signIn,
    async close() {
      await endpoint.close();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
    },
  };
  return provider;
}
