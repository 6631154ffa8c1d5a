// What somebody who judged the hub from outside found broken: changes that crossed, tokens that nobody
// kept, servers that are odd but legal.

import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_TOKEN, startHub, type TestHub } from '../support/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub?.close());

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Heard = { readonly path: string; readonly body: string };
type Handle = (request: IncomingMessage, body: string, response: ServerResponse) => void | Promise<void>;

async function serve(handle: Handle): Promise<{ origin: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    heard.push({ path: request.url ?? '', body });
    await handle(request, body, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, heard };
}

const send = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? '' : JSON.stringify(body));
};

/** An MCP server of 2025-06-18 without authorization; `answer` may take a request over. */
function mcpServer(answer: (method: string, message: any) => { status: number; body: unknown } | null) {
  return serve((_request, body, response) => {
    const message = body === '' ? {} : JSON.parse(body);
    const own = answer(message.method, message);
    if (own !== null) return send(response, own.status, own.body);
    if (message.method === 'initialize') {
      const result = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'odd', version: '1' } };
      return send(response, 200, { jsonrpc: '2.0', id: message.id, result });
    }
    if (message.id === undefined) return send(response, 202, undefined);
    if (message.method === 'tools/list')
      return send(response, 200, { jsonrpc: '2.0', id: message.id, result: { tools: [tool('one')] } });
    send(response, 400, { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'no session' } });
  });
}
const tool = (name: string) => ({ name, inputSchema: { type: 'object' } });

/** An MCP server with its own authorization server, whose token endpoint waits for `beforeToken`. */
async function oauthServer(beforeToken: () => Promise<void>) {
  const tokens = new Set<string>();
  let origin = '';
  const server = await serve(async (request, body, response) => {
    const url = new URL(request.url ?? '', origin);
    if (url.pathname.startsWith('/.well-known/oauth-protected-resource'))
      return send(response, 200, { resource: `${origin}/mcp`, authorization_servers: [origin] });
    if (url.pathname.startsWith('/.well-known/')) {
      return send(response, 200, {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        registration_endpoint: `${origin}/register`,
        revocation_endpoint: `${origin}/revoke`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
      });
    }
    if (url.pathname === '/register')
      return send(response, 201, { client_id: 'client', token_endpoint_auth_method: 'none' });
    if (url.pathname === '/authorize') {
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', 'code');
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href });
      return void response.end();
    }
    if (url.pathname === '/token') {
      await beforeToken();
      tokens.add('access-of-found');
      return send(response, 200, {
        access_token: 'access-of-found',
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: 'refresh-of-found',
      });
    }
    if (url.pathname === '/revoke') return send(response, 200, {});
    if (!tokens.has((request.headers.authorization ?? '').slice(7))) {
      response.writeHead(401, { 'www-authenticate': 'Bearer' });
      return void response.end();
    }
    const message = JSON.parse(body);
    send(response, 200, { jsonrpc: '2.0', id: message.id, result: { tools: [] } });
  });
  origin = server.origin;
  return server;
}

let count = 0;
const create = (url: string, more: object) =>
  hub.ok('POST', '/api/connectors', { name: `Found ${++count}`, url, ...more });
const sharedOAuth = { authType: 'oauth', credentialMode: 'shared' };

describe('changes that cross', () => {
  test('ten changes at once of one connector are all there afterwards', async () => {
    const server = await mcpServer(() => null);
    const { id } = await create(server.origin, { authType: 'none' });
    const names = Array.from({ length: 10 }, (_, n) => `x-found-${n}`);
    const answers = await Promise.all(
      names.map((name) => hub.api('PATCH', `/api/connectors/${id}`, { headers: { [name]: 'value' } })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(names.map(() => 200));
    expect((await hub.ok('GET', `/api/connectors/${id}`)).headerNames).toEqual(names);
  });

  test('a sign-in under way does not take the place of a token that was entered meanwhile', async () => {
    let id = '';
    const server = await oauthServer(async () => {
      await hub.ok('PATCH', `/api/connectors/${id}`, { authType: 'bearer', secret: 'entered-meanwhile' });
    });
    ({ id } = await create(`${server.origin}/mcp`, sharedOAuth));
    const end = await hub.connect(id);
    expect(end.url.searchParams.get('error')).toBe('outdated_write');
    expect((await hub.ok('GET', `/api/connectors/${id}`)).credential).toMatchObject({
      configured: true,
      expiresAt: null,
    });
  });

  test('a disconnection during the exchange holds, and the tokens that come are given back', async () => {
    let id = '';
    const server = await oauthServer(async () => {
      await hub.ok('DELETE', `/api/connectors/${id}/credential`);
    });
    ({ id } = await create(`${server.origin}/mcp`, sharedOAuth));
    const end = await hub.connect(id);
    expect(end.url.searchParams.get('error')).toBe('flow_not_found');
    expect((await hub.ok('GET', `/api/connectors/${id}`)).credential).toMatchObject({
      configured: false,
      state: 'connect_required',
    });
    const given = server.heard.filter((request) => request.path === '/revoke');
    expect(given.map((request) => new URLSearchParams(request.body).get('token'))).toContain('refresh-of-found');
  });

  test.each(['connector', 'agent'])('tokens that come for a deleted %s are given back', async (what) => {
    let path = '';
    const server = await oauthServer(async () => {
      await hub.ok('DELETE', path);
    });
    const agent = await hub.ok('POST', '/api/agents', { name: `Found ${++count}` });
    const mode = what === 'agent' ? 'per_agent' : 'shared';
    const { id } = await create(`${server.origin}/mcp`, { authType: 'oauth', credentialMode: mode });
    path = what === 'agent' ? `/api/agents/${agent.id}` : `/api/connectors/${id}`;
    const end = await hub.connect(id, what === 'agent' ? agent.id : null);
    expect(end.url.searchParams.get('error')).toBe('not_found');
    const given = server.heard.filter((request) => request.path === '/revoke');
    expect(given.map((request) => new URLSearchParams(request.body).get('token'))).toContain('refresh-of-found');
  });
});

describe('servers that are odd but legal', () => {
  test('an empty cursor that leads to the same page again ends the list', async () => {
    const tools = [tool('one'), tool('two')];
    const server = await mcpServer((method, message) =>
      method === 'tools/list'
        ? { status: 200, body: { jsonrpc: '2.0', id: message.id, result: { tools, nextCursor: '' } } }
        : null,
    );
    const made = await create(server.origin, { authType: 'none' });
    expect(made.tools).toMatchObject({ count: 2, lastError: null });
  });

  test('a server that answers an unknown method with HTTP 500 and a JSON-RPC error is asked to initialize', async () => {
    const error = { jsonrpc: '2.0', id: 'discover', error: { code: -32603, message: 'unknown method' } };
    const server = await mcpServer((method) => (method === 'server/discover' ? { status: 500, body: error } : null));
    expect((await create(server.origin, { authType: 'none' })).tools).toMatchObject({ count: 1, lastError: null });
  });

  test('a server that says it does not implement server/discover (501) is asked to initialize', async () => {
    const server = await mcpServer((method) => (method === 'server/discover' ? { status: 501, body: {} } : null));
    expect((await create(server.origin, { authType: 'none' })).tools).toMatchObject({ count: 1, lastError: null });
  });
});

describe('what callers are told', () => {
  test.each([
    ['a field that is missing', { authType: 'none' }, 'name', 'name: is required.'],
    ['a body that is no object', [], 'body', /^body: /],
    [
      'a secret that is too long',
      {
        name: 'x',
        url: 'http://127.0.0.1:4999/',
        authType: 'bearer',
        credentialMode: 'shared',
        secret: 'x'.repeat(70_000),
      },
      'secret',
      /long/,
    ],
  ])('%s', async (_what, body, field, detail) => {
    const answer = await hub.api('POST', '/api/connectors', body);
    expect(answer.body).toMatchObject({ code: 'invalid_request', field, detail: expect.stringMatching(detail) });
  });

  test('a body that is no JSON is the caller’s mistake, and no error of the hub’s', async () => {
    const response = await fetch(`${hub.url}/api/connectors`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: '{',
    });
    expect(await response.json()).toMatchObject({ status: 400, code: 'invalid_request', field: 'body' });
    expect(hub.logged.filter((line) => line.includes('"error"') && line.includes('Malformed'))).toEqual([]);
  });
});

test('a server that repeats the credential it was sent gets it neither into an answer nor into the database', async () => {
  const secret = 'echoed-by-the-server-1234567890';
  const server = await serve((request, body, response) => {
    const message = JSON.parse(body);
    const sent = request.headers.authorization ?? '';
    if (message.method === 'initialize') {
      const serverInfo = { name: `for ${sent}`, version: '1' };
      const result = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo };
      return send(response, 200, { jsonrpc: '2.0', id: message.id, result });
    }
    if (message.id === undefined) return send(response, 202, undefined);
    if (message.method !== 'tools/list' || failing)
      return send(response, 200, { jsonrpc: '2.0', id: message.id, error: { code: -32000, message: `bad ${sent}` } });
    const tools = [{ ...tool('one'), description: `Yours is ${sent}` }, tool(`named ${sent}`)];
    send(response, 200, { jsonrpc: '2.0', id: message.id, result: { tools } });
  });
  let failing = false;
  const bearer = { authType: 'bearer', credentialMode: 'shared', secret };
  const { id } = await create(server.origin, bearer);
  failing = true;
  await hub.api('POST', `/api/connectors/${id}/sync`, {});
  const shown = await Promise.all(
    ['', '/tools', '/transcript'].map((path) => hub.api('GET', `/api/connectors/${id}${path}`)),
  );
  expect(shown.some((answer) => answer.text.includes(secret))).toBe(false);
  expect(shown[0]?.body.tools).toMatchObject({ count: 1, lastError: { code: 'rpc_error' } });
  expect(shown[1]?.body.items[0].description).toBe('Yours is Bearer [secret]');
  expect([...hub.seen, ...hub.logged].some((text) => text.includes(secret))).toBe(false);
  const files = await Promise.all(['', '-wal'].map((end) => readFile(join(hub.folder, `chatelaine.db${end}`))));
  expect(files.some((file) => file.includes(secret))).toBe(false);
});
