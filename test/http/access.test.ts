// Who may call what: every operation of the OpenAPI document against every kind of caller. An operation that is
// not in the table below fails, so that a new route is a decision about who may use it.

import { join as joinPath } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../src/http/app.ts';
import { legacy, miniServer, result, tool } from '../mcp/mini-server.ts';
import { ADMIN_TOKEN, startHub, type TestHub } from '../support/hub.ts';
import { join, setUp, type Visit } from '../support/people.ts';
import { until } from '../support/until.ts';

type Need = 'nobody' | 'anybody' | 'viewer' | 'operator' | 'owner';

const TABLE: Readonly<Record<string, Need>> = {
  'GET /api/setup': 'nobody',
  'POST /api/setup': 'nobody',
  'POST /api/sign-in': 'nobody',
  'POST /api/sign-out': 'nobody',
  'GET /api/invitations/{token}': 'nobody',
  'POST /api/invitations/{token}': 'nobody',

  // Bound to the browser in which the connection was begun.
  'GET /api/flows/{flow}': 'nobody',

  'GET /api/me': 'anybody',
  'PATCH /api/me': 'anybody',
  'GET /api/sessions': 'anybody',
  'DELETE /api/sessions': 'anybody',
  'DELETE /api/sessions/{id}': 'anybody',

  'GET /api/connectors': 'viewer',
  'GET /api/connectors/{id}': 'viewer',
  'GET /api/connectors/{id}/tools': 'viewer',
  'GET /api/connectors/{id}/transcript': 'viewer',
  'GET /api/agents': 'viewer',
  'GET /api/agents/{id}': 'viewer',
  'GET /api/agents/{id}/connectors': 'viewer',
  'GET /api/agents/{id}/keys': 'viewer',
  'GET /api/agents/{id}/mcp-config': 'viewer',
  'GET /api/audit': 'viewer',
  'GET /api/calls': 'viewer',
  'GET /api/calls/stats': 'viewer',
  // What was captured of the call needs an operator: test/gateway/capture.test.ts.
  'GET /api/calls/{id}': 'viewer',
  'GET /api/connectors/summary': 'viewer',
  'GET /api/connectors/{id}/agents': 'viewer',
  'GET /api/connectors/{id}/summary': 'viewer',
  'GET /api/agents/summary': 'viewer',
  'GET /api/agents/{id}/offered': 'viewer',
  'GET /api/catalogue': 'viewer',
  'GET /api/health/forecast': 'viewer',
  'GET /api/sync': 'viewer',
  'GET /api/about': 'viewer',
  'GET /api/events': 'viewer',

  'POST /api/connectors': 'operator',
  'POST /api/connectors/probe': 'operator',
  'PATCH /api/connectors/{id}': 'operator',
  'DELETE /api/connectors/{id}': 'operator',
  'POST /api/connectors/{id}/connect': 'operator',
  'POST /api/connectors/{id}/sync': 'operator',
  'POST /api/connectors/{id}/registration': 'operator',
  'DELETE /api/connectors/{id}/credential': 'operator',
  'POST /api/connectors/{id}/requests': 'operator',
  'POST /api/connectors/{id}/tools/{name}/approve': 'operator',
  'POST /api/sync': 'operator',
  'POST /api/agents/{id}/try': 'operator',
  'POST /api/agents': 'operator',
  'PATCH /api/agents/{id}': 'operator',
  'DELETE /api/agents/{id}': 'operator',
  'PUT /api/agents/{id}/tools': 'operator',
  'PUT /api/agents/{id}/connectors/{connectorId}': 'operator',
  'PUT /api/agents/{id}/credentials/{connectorId}': 'operator',
  'DELETE /api/agents/{id}/credentials/{connectorId}': 'operator',
  'POST /api/agents/{id}/keys': 'operator',
  'DELETE /api/agents/{id}/keys/{keyId}': 'operator',

  'GET /api/agents/{id}/upstream-config': 'owner',
  'GET /api/keys': 'owner',
  'POST /api/keys/rotate': 'owner',
  'GET /api/tokens': 'owner',
  'POST /api/tokens': 'owner',
  'DELETE /api/tokens/{id}': 'owner',
  'GET /api/people': 'owner',
  'PATCH /api/people/{id}': 'owner',
  'DELETE /api/people/{id}': 'owner',
  'POST /api/people/{id}/password-link': 'owner',
  'GET /api/people/invitations': 'owner',
  'POST /api/people/invitations': 'owner',
  'DELETE /api/people/invitations/{id}': 'owner',
};

/** What each kind of caller may use; of nobody and of what is nobody's any more, only what needs nobody. */
const MAY: Readonly<Record<string, readonly Need[]>> = {
  nobody: ['nobody'],
  viewer: ['nobody', 'anybody', 'viewer'],
  operator: ['nobody', 'anybody', 'viewer', 'operator'],
  owner: ['nobody', 'anybody', 'viewer', 'operator', 'owner'],
  'reader token': ['nobody', 'anybody', 'viewer'],
  'operator token': ['nobody', 'anybody', 'viewer', 'operator'],
  'owner token': ['nobody', 'anybody', 'viewer', 'operator', 'owner'],
  'admin token': ['nobody', 'anybody', 'viewer', 'operator', 'owner'],
  // A wrong bearer token is refused even where none is needed.
  'agent key': [],
  "another agent's key": [],
  'ended session': ['nobody'],
  'expired session': ['nobody'],
};

/** Routes that are not of the API: the pages, what monitoring asks, and the gateway, whose callers are agents alone. */
const BESIDE_THE_API: Readonly<Record<string, 'nobody' | 'the link' | 'an agent'>> = {
  'GET /healthz': 'nobody',
  'GET /readyz': 'nobody',
  'GET /metrics': 'nobody',
  'GET /api/openapi.json': 'nobody',
  'GET /api/docs': 'nobody',
  'GET /': 'nobody',
  'GET /*': 'nobody',
  ...Object.fromEntries(
    ['connectors', 'agents', 'activity', 'health', 'settings', 'sign-in', 'setup', 'invitation'].map((section) => [
      `GET /${section}/*`,
      'nobody' as const,
    ]),
  ),
  // What holds good once, and who may use it, is in the address.
  'GET /connect/:ticket': 'the link',
  'GET /sign-in/link/:token': 'the link',
  'GET /oauth/callback': 'the link',
  'GET /oauth/client.json': 'nobody',
  'GET /connectors/:id': 'nobody',
  'GET /agents/:id': 'nobody',
  'GET /sign-in/oidc/:id': 'nobody',
  'GET /sign-in/oidc/:id/callback': 'the link',
  'ALL /mcp': 'an agent',
  'ALL /mcp/:key{[a-z0-9_]{1,64}}': 'an agent',
  'GET /.well-known/oauth-protected-resource/mcp': 'nobody',
  'GET /.well-known/oauth-protected-resource/mcp/:key{[a-z0-9_]{1,64}}': 'nobody',
};

let hub: TestHub;
let operations: string[];
const callers: Record<string, Record<string, string>> = {};

beforeAll(async () => {
  hub = await startHub({ background: false });
  const document = await hub.ok('GET', '/api/openapi.json');
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const owner = await setUp(hub);
  const page = (visit: Visit) => ({ cookie: visit.cookie, origin: hub.url });
  callers.nobody = {};
  callers.owner = page(owner);
  for (const role of ['viewer', 'operator']) callers[role] = page(await join(hub, owner, role, `${role}@example.com`));
  const ended = await join(hub, owner, 'owner', 'ended@example.com');
  callers['ended session'] = page(ended);
  await ended.call('DELETE', '/api/sessions');
  const late = await join(hub, owner, 'owner', 'late@example.com');
  callers['expired session'] = page(late);
  const { sessionId } = (await late.call('GET', '/api/me')).body;
  const database = new DatabaseSync(joinPath(hub.folder, 'chatelaine.db'));
  const [{ before }] = database
    .prepare('select expires_at as before from auth_sessions where id = ?')
    .all(sessionId) as any;
  const past = typeof before === 'number' ? 1 : new Date(1).toISOString();
  database.prepare('update auth_sessions set expires_at = ? where id = ?').run(past, sessionId);
  database.close();
  await until('the session is over', async () => (await late.call('GET', '/api/me')).status === 401);
  callers['admin token'] = { authorization: `Bearer ${ADMIN_TOKEN}` };
  for (const role of ['reader', 'operator', 'owner'])
    callers[`${role} token`] = { authorization: `Bearer ${(await hub.ok('POST', '/api/tokens', { role })).token}` };
  const agent = await hub.ok('POST', '/api/agents', { name: 'Keyed' });
  const { key } = await hub.ok('POST', `/api/agents/${agent.id}/keys`, {});
  callers['agent key'] = { authorization: `Bearer ${key}` };
  const other = await hub.ok('POST', '/api/agents', { name: 'Other' });
  const others = await hub.ok('POST', `/api/agents/${other.id}/keys`, {});
  callers["another agent's key"] = { authorization: `Bearer ${others.key}` };
});
afterAll(() => hub?.close());

/** Asks for what does not exist, with a body that is no good: who may come as far as that is let in. */
async function ask(operation: string, headers: Record<string, string>): Promise<{ status: number; code?: string }> {
  const [method = '', path = ''] = operation.split(' ');
  const response = await fetch(`${hub.url}${path.replace(/\{\w+\}/g, 'no_such')}`, {
    method,
    headers: { ...headers, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) },
    ...(method === 'GET' ? {} : { body: '{"nonsense":true}' }),
    signal: AbortSignal.timeout(5_000),
  });
  // A stream of events never ends by itself.
  const text = /event-stream/.test(response.headers.get('content-type') ?? '') ? '' : await response.text();
  if (text === '') await response.body?.cancel();
  return { status: response.status, code: text.startsWith('{') ? JSON.parse(text).code : undefined };
}

test('every operation of the document is in the table, and no other', () => {
  expect([...operations].sort()).toEqual(Object.keys(TABLE).sort());
});

test('every route beside the API is in the table, and no other', () => {
  const page = { body: () => ({ bytes: new Uint8Array(), encoding: null }), type: 'text/html' };
  const app = createApp({
    hub: { baseUrl: 'https://hub.example' },
    people: { cookieName: 'session', openIds: [] },
    views: { changes: {} },
    webPage: { index: () => page, file: () => null },
  } as never);
  const documented = new Set(Object.keys(TABLE).map((name) => name.replace(/\{(\w+)\}/g, ':$1')));
  const routes = new Set(app.routes.map(({ method, path }) => `${method} ${path}`));
  // For all addresses: what stands before every route, and takes part in none alone.
  const before = ['ALL /*', 'ALL /api/*'];
  const beside = [...routes].filter((name) => !documented.has(name) && !before.includes(name));
  expect(beside.sort()).toEqual(Object.keys(BESIDE_THE_API).sort());
});

describe('the gateway', () => {
  const initialize = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } },
  });
  const call = async (path: string, caller: string): Promise<number> => {
    const headers = { ...callers[caller], 'content-type': 'application/json', accept: 'application/json' };
    return (await fetch(`${hub.url}${path}`, { method: 'POST', headers, body: initialize })).status;
  };

  test('is for agents alone, each with what it was given', async () => {
    const server = await miniServer(
      legacy((seen, response) => {
        if (seen.rpc.method !== 'tools/list') return false;
        result(response, seen, { tools: [tool('one')] });
        return true;
      }),
    );
    const connector = await hub.ok('POST', '/api/connectors', { name: 'Granted', url: server.url, authType: 'none' });
    const [agent] = (await hub.ok('GET', '/api/agents?limit=200')).items.filter((one: any) => one.name === 'Keyed');
    await hub.ok('PUT', `/api/agents/${agent.id}/connectors/${connector.id}`, { allTools: true });
    for (const caller of Object.keys(MAY)) {
      const isAgent = caller === 'agent key' || caller === "another agent's key";
      expect([caller, await call('/mcp', caller)]).toEqual([caller, isAgent ? 200 : 401]);
      const expected = caller === 'agent key' ? 200 : isAgent ? 404 : 401;
      expect([caller, await call(`/mcp/${connector.key}`, caller)]).toEqual([caller, expected]);
    }
  });
});

test('the document says of each operation which role it needs', async () => {
  const document = await hub.ok('GET', '/api/openapi.json');
  for (const [operation, need] of Object.entries(TABLE)) {
    const [method = '', path = ''] = operation.split(' ');
    expect([operation, document.paths[path][method.toLowerCase()]['x-role']]).toEqual([operation, need]);
  }
});

/** These end the very session that asks, or all of a person's. */
const ENDS_SESSIONS = new Set(['DELETE /api/sessions', 'POST /api/sign-out']);

describe.each(Object.keys(MAY))('%s', (caller) => {
  test('comes as far as the table says', async () => {
    const may = MAY[caller] ?? [];
    for (const [operation, need] of Object.entries(TABLE)) {
      if (ENDS_SESSIONS.has(operation)) continue;
      const { status, code } = await ask(operation, callers[caller] ?? {});
      const refused = code === 'unauthorized' || code === 'forbidden';
      // Without a session of their own, tokens and wrong set-up codes are told so in the same words.
      const tokenOnly = need === 'anybody' && caller.endsWith('token');
      const at = `${operation} as ${caller}: ${status} ${code}`;
      if (may.includes(need) && !tokenOnly) expect([at, refused]).toEqual([at, false]);
      if (!may.includes(need)) {
        const anonymous = /^(nobody|.*agent.*key|.* session)$/.test(caller);
        expect([at, status]).toEqual([at, anonymous ? 401 : 403]);
      }
    }
  });
});

describe('a change made with a session', () => {
  const change = async (headers: Record<string, string>): Promise<number> => {
    const { cookie = '' } = callers.operator ?? {};
    const response = await fetch(`${hub.url}/api/agents`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', ...headers },
      body: '{"nonsense":true}',
    });
    return response.status;
  };

  test.each([
    ['neither Origin nor Sec-Fetch-Site', {}, 403],
    ['a foreign Origin', { origin: 'https://evil.example' }, 403],
    ['an opaque Origin', { origin: 'null' }, 403],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }, 403],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site' }, 403],
    ['Sec-Fetch-Site: none', { 'sec-fetch-site': 'none' }, 403],
    ['Sec-Fetch-Site: same-origin', { 'sec-fetch-site': 'same-origin' }, 400],
  ] as const)('with %s answers as it must', async (_what, headers, status) => {
    expect(await change(headers)).toBe(status);
  });

  test('is refused from a page that says it is same-origin but names a foreign Origin', async () => {
    expect(await change({ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' })).toBe(403);
  });

  test('is taken with our own Origin alone, as older browsers send it', async () => {
    expect(await change({ origin: hub.url })).toBe(400);
  });
});

test('a viewer who sends nonsense is told of the role, not of the nonsense', async () => {
  const answer = await ask('POST /api/agents', callers.viewer ?? {});
  expect(answer).toEqual({ status: 403, code: 'forbidden' });
});
