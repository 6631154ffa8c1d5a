// The MCP side of the stand-ins: revisions, sessions, answer formats, change events.
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, test } from 'vitest';
import type { ProviderName, RunningProvider } from '../../providers/index.ts';
import { startProvider } from '../../providers/index.ts';
import {
  INITIALIZE,
  json,
  message,
  openSession,
  post,
  postModern,
  result,
  signIn,
  toolNames,
  whoami,
} from './by-hand.ts';

let provider: RunningProvider;
afterEach(() => provider.close());

async function accessToken(): Promise<string> {
  return (await signIn(provider)).tokens.access_token;
}

async function connect(mode: 'legacy' | 'auto', token: string): Promise<Client> {
  const client = new Client({ name: 'official', version: '1' }, { versionNegotiation: { mode } });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(provider.mcpUrl), { requestInit }));
  return client;
}

/** Reads an open event stream until this text has come. */
async function readUntil(response: Response, text: string): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  while (!seen.includes(text)) {
    const part = await reader?.read();
    if (!part || part.done) throw new Error(`ended before ${text}: ${seen}`);
    seen += part.value;
  }
  await reader?.cancel();
  return seen;
}

describe.each<[ProviderName, number, string]>([
  ['linear', 45, 'text/event-stream'],
  ['sentry', 14, 'application/json'],
  ['granola', 4, 'application/json'],
])('%s', (name, count, type) => {
  test(`has ${count} tools with titles, descriptions, schemas and annotations`, async () => {
    provider = await startProvider(name);
    expect(provider.tools()).toHaveLength(count);
    expect(new Set(provider.tools().map((tool) => tool.name)).size).toBe(count);
    for (const tool of provider.tools()) {
      expect(tool).toMatchObject({ inputSchema: { type: 'object' }, annotations: { title: tool.title } });
      expect(tool.description?.length).toBeGreaterThan(10);
    }
  });

  test(`answers as ${type} in both eras`, async () => {
    provider = await startProvider(name);
    const token = await accessToken();
    for (const send of [post, postModern]) {
      const response = await send(provider, 'tools/list', {}, { token });
      expect(response.headers.get('content-type')).toContain(type);
      expect(await toolNames(response)).toHaveLength(count);
    }
  });

  test.each(['legacy', 'auto'] as const)('serves the official client (%s)', async (mode) => {
    provider = await startProvider(name);
    const client = await connect(mode, await accessToken());
    const { tools } = await client.listTools();
    expect(tools).toHaveLength(count);
    const called = await client.callTool({ name: tools[0]?.name ?? '', arguments: { query: 'x' } });
    expect(JSON.stringify(called.structuredContent)).toContain('ada@example.test');
    await client.close();
  });
});

describe('render', () => {
  test('has no OAuth: discovery is 404 everywhere', async () => {
    provider = await startProvider('render');
    const paths = [
      'oauth-protected-resource/mcp',
      'oauth-protected-resource',
      'oauth-authorization-server',
      'openid-configuration',
    ];
    for (const path of paths) expect((await fetch(`${provider.origin}/.well-known/${path}`)).status).toBe(404);
    for (const path of ['/register', '/authorize', '/token'])
      expect((await fetch(provider.origin + path)).status).toBe(404);
    expect(provider.issuer).toBeUndefined();
  });

  test('lists its 24 tools without a credential, and wants a valid key for calls', async () => {
    provider = await startProvider('render');
    const session = await openSession(provider);
    expect(await toolNames(await post(provider, 'tools/list', {}, { session }))).toHaveLength(24);
    expect(await toolNames(await postModern(provider, 'tools/list'))).toHaveLength(24);
    const call = { name: 'list_workspaces', arguments: {} };
    expect((await post(provider, 'tools/call', call, { session })).status).toBe(401);
    expect((await post(provider, 'tools/call', call, { token: 'rnd_wrong' })).status).toBe(401);
    expect((await post(provider, 'tools/list', {}, { token: 'rnd_wrong' })).status).toBe(401);
  });

  test('each key has its account, and the workspace it selected', async () => {
    provider = await startProvider('render');
    const [ada = '', ben = ''] = ['ada@example.test', 'ben@example.test'].map(
      (account) => provider.apiKeys?.issue(account) ?? '',
    );
    const call = (token: string, name: string, args = {}) =>
      post(provider, 'tools/call', { name, arguments: args }, { token });
    expect(await result(await call(ada, 'list_services'))).toMatchObject({ isError: true });
    await (await call(ada, 'select_workspace', { ownerID: 'tea-ada' })).text();
    await (await call(ben, 'select_workspace', { ownerID: 'tea-acme' })).text();
    expect(await whoami(await call(ada, 'list_services'))).toEqual({
      account: 'ada@example.test',
      workspace: 'tea-ada',
    });
    expect(await whoami(await call(ben, 'list_services'))).toEqual({
      account: 'ben@example.test',
      workspace: 'tea-acme',
    });
    expect(await result(await call(ben, 'select_workspace', { ownerID: 'tea-ada' }))).toMatchObject({ isError: true });
    expect(provider.secretsIssued).toContain(ada);
    provider.apiKeys?.revoke(ada);
    expect((await call(ada, 'list_services')).status).toBe(401);
  });
});

describe('calls', () => {
  test('a missing argument is a tool error, an unknown tool a protocol error', async () => {
    provider = await startProvider('granola');
    const token = await accessToken();
    const call = async (name: string) =>
      message(await post(provider, 'tools/call', { name, arguments: {} }, { token }));
    expect((await call('get_meetings')).result).toMatchObject({ isError: true });
    expect((await call('nothing')).error).toMatchObject({ code: -32602 });
  });
});

describe('eras', () => {
  test('legacy knows sessions only: no session is 400, a strange one 404, a modern probe 400', async () => {
    provider = await startProvider('linear', { era: 'legacy' });
    const token = await accessToken();
    expect((await post(provider, 'tools/list', {}, { token })).status).toBe(400);
    expect((await post(provider, 'tools/list', {}, { token, session: 'strange' })).status).toBe(404);
    expect((await postModern(provider, 'server/discover', {}, { token })).status).toBe(400);
    const session = await openSession(provider, token);
    expect(await toolNames(await post(provider, 'tools/list', {}, { token, session }))).toHaveLength(45);
  });

  test('a session answers only the account that opened it', async () => {
    provider = await startProvider('linear');
    const session = await openSession(provider, await accessToken());
    provider.signIn.account = 'ben@example.test';
    expect((await post(provider, 'tools/list', {}, { token: await accessToken(), session })).status).toBe(404);
  });

  test('a closed session is gone', async () => {
    provider = await startProvider('linear');
    const token = await accessToken();
    const session = await openSession(provider, token);
    const headers = { authorization: `Bearer ${token}`, 'mcp-session-id': session };
    expect((await fetch(provider.mcpUrl, { method: 'DELETE', headers })).status).toBe(200);
    expect((await post(provider, 'tools/list', {}, { token, session })).status).toBe(404);
  });

  test('an Accept header without both types is 406', async () => {
    provider = await startProvider('linear', { era: 'legacy' });
    const headers = { accept: 'application/json' };
    expect((await post(provider, 'initialize', INITIALIZE, { token: await accessToken(), headers })).status).toBe(406);
  });

  test('modern refuses initialize with the versions it supports', async () => {
    provider = await startProvider('linear', { era: 'modern' });
    const token = await accessToken();
    const refused = await post(provider, 'initialize', INITIALIZE, { token });
    expect(refused.status).toBe(400);
    expect((await message(refused)).error).toMatchObject({ code: -32022, data: { supported: ['2026-07-28'] } });
    const discovered = await result(await postModern(provider, 'server/discover', {}, { token }));
    expect(discovered).toMatchObject({ supportedVersions: ['2026-07-28'] });
  });

  test('2025-03-26 settles on that revision whatever is offered', async () => {
    provider = await startProvider('sentry', { era: '2025-03-26' });
    const token = await accessToken();
    expect(await result(await post(provider, 'initialize', INITIALIZE, { token }))).toMatchObject({
      protocolVersion: '2025-03-26',
    });
  });

  test('2024-11-05 answers on the stream whose first event names the endpoint', async () => {
    provider = await startProvider('linear', { era: '2024-11-05' });
    const token = await accessToken();
    expect((await post(provider, 'initialize', INITIALIZE, { token })).status).toBe(405);
    expect((await fetch(provider.mcpUrl)).status).toBe(401);

    const headers = { authorization: `Bearer ${token}` };
    const first = await readUntil(await fetch(provider.mcpUrl, { headers }), '\n\n');
    expect(first).toMatch(/^event: endpoint\ndata: \/mcp\/messages\?sessionId=\S+\n\n$/);

    const client = new Client({ name: 'official', version: '1' });
    const requestInit = { headers };
    await client.connect(new SSEClientTransport(new URL(provider.mcpUrl), { requestInit }));
    expect((await client.listTools()).tools).toHaveLength(45);
    const called = await client.callTool({ name: 'list_teams', arguments: {} });
    expect(called.structuredContent).toMatchObject({ whoami: { account: 'ada@example.test' } });
    await client.close();
    expect(provider.requests.some(({ path, status }) => path === '/mcp/messages' && status === 202)).toBe(true);
  });
});

describe('changing the tools', () => {
  const rename = () => provider.setTools((tools) => tools.slice(1));

  test('is announced on the GET stream of a session', async () => {
    provider = await startProvider('sentry');
    const token = await accessToken();
    const session = await openSession(provider, token);
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream', 'mcp-session-id': session };
    const stream = await fetch(provider.mcpUrl, { headers });
    rename();
    await readUntil(stream, 'notifications/tools/list_changed');
    expect(await toolNames(await post(provider, 'tools/list', {}, { token, session }))).toHaveLength(13);
  });

  test('is announced to subscriptions/listen', async () => {
    provider = await startProvider('sentry');
    const params = { notifications: { toolsListChanged: true } };
    const stream = await postModern(provider, 'subscriptions/listen', params, { token: await accessToken() });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    rename();
    const seen = await readUntil(stream, 'notifications/tools/list_changed');
    expect(seen).toContain('io.modelcontextprotocol/subscriptionId');
  });
});

test('faults are read and set over HTTP, and grants revoked', async () => {
  provider = await startProvider('linear');
  const control = (path: string, body: unknown) =>
    fetch(provider.origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  expect(await json(await control('/__faults', { pageSize: 2, noExpiresIn: true }))).toEqual({
    pageSize: 2,
    noExpiresIn: true,
  });
  expect(await json(await control('/__faults', { noExpiresIn: null }))).toEqual({ pageSize: 2 });
  expect(await json(await fetch(`${provider.origin}/__faults`))).toEqual({ pageSize: 2 });
  expect(provider.faults.pageSize).toBe(2);
  expect((await fetch(`${provider.origin}/__faults`, { method: 'POST', body: '{}' })).status).toBe(405);

  const token = await accessToken();
  expect((await control('/__actions/expire-access-tokens', {})).status).toBe(200);
  expect((await post(provider, 'tools/list', {}, { token })).status).toBe(401);
});
