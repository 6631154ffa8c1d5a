// An OAuth client and an MCP client written out with fetch, so that the stand-ins are judged by nothing of ours.
import { createHash, randomBytes } from 'node:crypto';
import type { RunningProvider } from '../../providers/index.ts';

export const REDIRECT_URI = 'http://127.0.0.1:4999/oauth/callback';
export type Json = Record<string, unknown>;

export async function json(response: Response): Promise<Json> {
  return (await response.json()) as Json;
}

export async function serverMetadata(provider: RunningProvider): Promise<Json> {
  return json(await fetch(`${provider.origin}/.well-known/oauth-authorization-server`));
}

export type Client = { client_id: string; client_secret?: string; [member: string]: unknown };

export async function register(provider: RunningProvider, metadata: Json = {}): Promise<Client> {
  const response = await fetch(`${provider.issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'By hand',
      redirect_uris: [REDIRECT_URI],
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...metadata,
    }),
  });
  if (response.status !== 201) throw new Error(`registration: ${response.status} ${await response.text()}`);
  return (await response.json()) as Client;
}

/** Follows redirects with a cookie jar until one leaves the provider; returns that URL, or the page it ended at. */
export async function browse(
  provider: RunningProvider,
  start: string,
): Promise<{ left?: URL; page?: Response; jar: Jar }> {
  const jar: Jar = new Map();
  let url = start;
  for (let hop = 0; hop < 10; hop += 1) {
    const response = await visit(jar, url);
    const location = response.headers.get('location');
    if (!location) return { page: response, jar };
    const target = new URL(location, url);
    if (target.origin !== provider.origin) return { left: target, jar };
    url = target.href;
  }
  throw new Error('too many redirects');
}

export type Jar = Map<string, string>;

export async function visit(jar: Jar, url: string, init: RequestInit = {}): Promise<Response> {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
  for (const line of response.headers.getSetCookie()) {
    const [pair = ''] = line.split(';');
    const split = pair.indexOf('=');
    jar.set(pair.slice(0, split), pair.slice(split + 1));
  }
  return response;
}

export type Request = { url: string; verifier: string };

export function authorizationUrl(
  provider: RunningProvider,
  client: Client,
  extra: Record<string, string> = {},
): Request {
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL(`${provider.issuer}/authorize`);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: REDIRECT_URI,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state: 'the-state',
    resource: provider.mcpUrl,
    ...extra,
  }).toString();
  return { url: url.href, verifier };
}

export async function token(
  provider: RunningProvider,
  client: Client,
  parameters: Record<string, string>,
): Promise<Response> {
  const secret = client.client_secret;
  const basic = secret && Buffer.from(`${client.client_id}:${secret}`).toString('base64');
  return fetch(`${provider.issuer}/token`, {
    method: 'POST',
    headers: basic ? { authorization: `Basic ${basic}` } : {},
    body: new URLSearchParams({ ...(basic ? {} : { client_id: client.client_id }), ...parameters }),
  });
}

export function exchange(provider: RunningProvider, client: Client, code: string, verifier: string): Promise<Response> {
  return token(provider, client, {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: REDIRECT_URI,
    resource: provider.mcpUrl,
  });
}

export function refresh(provider: RunningProvider, client: Client, refreshToken: string): Promise<Response> {
  return token(provider, client, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    resource: provider.mcpUrl,
  });
}

export type Tokens = { access_token: string; refresh_token: string; expires_in?: number; scope?: string };

/** Registration, authorization and exchange in one go. */
export async function signIn(
  provider: RunningProvider,
  extra: Record<string, string> = {},
  metadata: Json = {},
): Promise<{ client: Client; tokens: Tokens }> {
  const client = await register(provider, metadata);
  const { url, verifier } = authorizationUrl(provider, client, extra);
  const { left } = await browse(provider, url);
  const code = left?.searchParams.get('code');
  if (!code) throw new Error(`no code in ${left?.href}`);
  const tokens = (await (await exchange(provider, client, code, verifier)).json()) as Tokens;
  return { client, tokens };
}

type McpOptions = { token?: string; headers?: Record<string, string>; session?: string; id?: number | null };

/** POSTs one JSON-RPC message of the initialize eras. */
export function post(
  provider: RunningProvider,
  method: string,
  params: Json = {},
  options: McpOptions = {},
): Promise<Response> {
  const { token: bearer, session, headers, id = 1 } = options;
  return fetch(provider.mcpUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
      ...(session ? { 'mcp-session-id': session } : {}),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...(id === null ? {} : { id }), method, params }),
  });
}

/** POSTs one request of revision 2026-07-28, with its `_meta` and mirrored headers. */
export function postModern(
  provider: RunningProvider,
  method: string,
  params: Json = {},
  options: McpOptions = {},
): Promise<Response> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'by-hand', version: '1' },
  };
  const name = params.name;
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    ...options.headers,
  };
  return post(provider, method, { ...params, _meta }, { ...options, headers });
}

export const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'by-hand', version: '1' },
};

/** initialize and initialized; the session id to send from now on. */
export async function openSession(
  provider: RunningProvider,
  bearer?: string,
  protocolVersion = '2025-11-25',
): Promise<string> {
  const options = bearer ? { token: bearer } : {};
  const response = await post(provider, 'initialize', { ...INITIALIZE, protocolVersion }, options);
  await response.text();
  const session = response.headers.get('mcp-session-id');
  if (!session) throw new Error(`no session: ${response.status}`);
  await (await post(provider, 'notifications/initialized', {}, { ...options, session, id: null })).text();
  return session;
}

/** The JSON-RPC message of an answer, be it JSON or SSE. */
export async function message(response: Response): Promise<Json> {
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return JSON.parse(text) as Json;
  const events = text.split(/\r?\n\r?\n/).map((event) =>
    event
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trimStart())
      .join('\n'),
  );
  return JSON.parse(events.findLast((data) => data !== '') ?? 'null') as Json;
}

export async function result(response: Response): Promise<Json> {
  return (await message(response)).result as Json;
}

export async function whoami(response: Response): Promise<Json> {
  return ((await result(response)).structuredContent as Json).whoami as Json;
}

export async function toolNames(response: Response): Promise<string[]> {
  return ((await result(response)).tools as { name: string }[]).map(({ name }) => name);
}
