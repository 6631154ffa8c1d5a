// The API's manners: who may call, what is refused and how, paging, documents.

import { request as rawRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(async () => {
  await hub?.close();
});

/** A request with a Host and Origin of one's choice, which fetch does not allow. */
function raw(path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    rawRequest(`${hub.url}${path}`, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('who may call', () => {
  test.each([null, 'wrong', 'chlt_unknown', ''])('the token %j is refused with a challenge', async (token) => {
    const answer = await hub.api('GET', '/api/connectors', undefined, token);
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  test('a token is shown once, works until it is revoked, and is never listed', async () => {
    const made = await hub.ok('POST', '/api/tokens', { role: 'owner', label: 'ci' });
    expect(made.token).toMatch(/^chlt_[A-Za-z0-9_-]{43}$/);
    expect((await hub.api('GET', '/api/agents', undefined, made.token)).status).toBe(200);
    const list = await hub.api('GET', '/api/tokens');
    expect(list.text).not.toContain(made.token);
    expect(list.body.items.find((item: any) => item.id === made.id)).toMatchObject({
      role: 'owner',
      label: 'ci',
      prefix: made.token.slice(0, 11),
    });
    expect((await hub.api('DELETE', `/api/tokens/${made.id}`)).status).toBe(204);
    expect((await hub.api('GET', '/api/agents', undefined, made.token)).status).toBe(401);
  });

  test('an expired token is refused', async () => {
    const past = await hub.api('POST', '/api/tokens', {
      role: 'reader',
      expiresAt: new Date(Date.now() - 1000).toISOString(),
    });
    expect(past).toMatchObject({ status: 400, body: { field: 'expiresAt' } });
    const soon = await hub.ok('POST', '/api/tokens', {
      role: 'reader',
      expiresAt: new Date(Date.now() + 150).toISOString(),
    });
    while (Date.parse(soon.expiresAt) > Date.now()) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await hub.api('GET', '/api/agents', undefined, soon.token)).status).toBe(401);
  });

  test('a reader reads and changes nothing', async () => {
    const { token } = await hub.ok('POST', '/api/tokens', { role: 'reader' });
    for (const path of ['/api/audit', '/api/calls', '/api/calls/stats'])
      expect((await hub.api('GET', path, undefined, token)).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/api/agents'],
      ['POST', '/api/connectors/probe'],
      ['DELETE', '/api/agents/agt_x'],
      ['POST', '/api/tokens'],
    ] as const) {
      expect((await hub.api(method, path, { name: 'x', url: 'x', role: 'owner' }, token)).body.code).toBe('forbidden');
    }
  });
});

describe('what is refused', () => {
  test.each([
    ['/api/agents', { host: 'evil.example' }, 421],
    ['/connect/x', { host: 'evil.example:4100' }, 421],
    ['/api/docs', { host: 'evil.example' }, 421],
    ['/healthz', { host: 'probe.internal' }, 200],
    ['/api/docs', { origin: 'https://evil.example' }, 403],
    ['/api/docs', { origin: 'null' }, 403],
  ] as const)('%s with %j answers %i', async (path, headers, status) => {
    expect(await raw(path, headers)).toBe(status);
  });

  test('a body over 1 MiB, with or without a length', async () => {
    const big = JSON.stringify({ name: 'x'.repeat(1024 * 1024 + 10) });
    const headers = {
      authorization: 'Bearer test-admin-token-0123456789-0123456789',
      'content-type': 'application/json',
    };
    expect((await fetch(`${hub.url}/api/agents`, { method: 'POST', headers, body: big })).status).toBe(413);
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode(big));
        controller.close();
      },
    });
    const chunked = await fetch(`${hub.url}/api/agents`, {
      method: 'POST',
      headers,
      body: stream,
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  test.each([
    ['text/plain', '{"name":"x"}', 415],
    ['application/json', '{"name":', 400],
    ['application/json', '[]', 400],
    ['application/json', 'null', 400],
    ['application/json', '{"name":"x","extra":1}', 400],
    ['application/json', '{"name":5}', 400],
  ])('a %s body %s answers %i as a problem', async (type, body, status) => {
    const answer = await fetch(`${hub.url}/api/agents`, {
      method: 'POST',
      headers: { authorization: 'Bearer test-admin-token-0123456789-0123456789', 'content-type': type },
      body,
    });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({ status, code: expect.any(String), detail: expect.any(String) });
  });

  test('what does not exist is told as such', async () => {
    for (const path of [
      '/api/connectors/con_x',
      '/api/agents/agt_x',
      '/api/nothing',
      '/nothing',
      '/api/agents/agt_x/keys',
    ]) {
      expect(await hub.api('GET', path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    const made = await hub.ok('POST', '/api/connectors', {
      name: 'For nobody',
      url: 'http://127.0.0.1:4999/mcp',
      authType: 'bearer',
      credentialMode: 'per_agent',
    });
    const asked = { method: 'tools/list', agentId: 'agt_x' };
    expect(await hub.api('POST', `/api/connectors/${made.id}/requests`, asked)).toMatchObject({ status: 404 });
    expect((await hub.api('GET', '/api/agents?limit=0')).body).toMatchObject({
      code: 'invalid_request',
      field: 'limit',
    });
    expect((await hub.api('GET', '/api/agents?page=2')).body).toMatchObject({ code: 'invalid_request', field: 'page' });
  });

  test('F2 a mistyped route is 404 there and does not compile here', async () => {
    const { browserRoutes } = await import('../../src/hub/browser-routes.ts');
    // @ts-expect-error: there is no such route, and the compiler says so
    expect(browserRoutes.oauthCalback).toBeUndefined();
    expect(browserRoutes.callback).toBe('/oauth/callback');
    expect((await hub.api('GET', '/oauth/calback')).status).toBe(404);
  });
});

describe('lists', () => {
  test('pages follow the cursor to the end, each item once', async () => {
    for (let i = 0; i < 7; i += 1) await hub.ok('POST', '/api/agents', { name: `Paged ${i}` });
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: any = await hub.ok('GET', `/api/agents?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`);
      expect(page.items.length).toBeLessThanOrEqual(3);
      seen.push(...page.items.map((item: any) => item.name));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen.filter((name) => name.startsWith('Paged'))).toEqual(Array.from({ length: 7 }, (_, i) => `Paged ${i}`));
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('agent keys', () => {
  test('a key is in the answer that made it and nowhere else', async () => {
    const agent = await hub.ok('POST', '/api/agents', { name: 'Keyed' });
    const made = await hub.api('POST', `/api/agents/${agent.id}/keys`, { label: 'laptop' });
    expect(made.status).toBe(201);
    expect(made.body.key).toMatch(/^chla_[A-Za-z0-9_-]{43}$/);
    const list = await hub.api('GET', `/api/agents/${agent.id}/keys`);
    expect(list.text).not.toContain(made.body.key);
    expect(list.body.items).toEqual([expect.objectContaining({ id: made.body.id, label: 'laptop', lastUsedAt: null })]);
    expect((await hub.api('DELETE', `/api/agents/${agent.id}/keys/${made.body.id}`)).status).toBe(204);
    expect((await hub.api('DELETE', `/api/agents/${agent.id}/keys/${made.body.id}`)).status).toBe(404);
  });
});

describe('the file of a client', () => {
  const server = (config: any): any => Object.values(config.mcpServers ?? config.servers)[0];
  const bearer = (key: string) => `Bearer ${key}`;
  const shapes: [string, (url: string, key: string) => unknown][] = [
    ['claude-code', (url, key) => ({ type: 'http', url, headers: { Authorization: bearer(key) } })],
    ['json', (url, key) => ({ type: 'http', url, headers: { Authorization: bearer(key) } })],
    ['cursor', (url, key) => ({ url, headers: { Authorization: bearer(key) } })],
    ['vscode', (url, key) => ({ type: 'http', url, headers: { Authorization: bearer(key) } })],
    [
      'claude-desktop',
      (url, key) => ({
        command: 'npx',
        args: ['-y', 'mcp-remote', url, '--header', `Authorization:\${MCP_HEADER_1}`, '--allow-http'],
        env: { MCP_HEADER_1: bearer(key) },
      }),
    ],
  ];

  test.each(shapes)(
    'of %s has a place for the key, and the key itself only when asked for with it',
    async (client, shape) => {
      const agent = await hub.ok('POST', '/api/agents', { name: `File of ${client}` });
      const keys = `/api/agents/${agent.id}/keys`;
      for (const made of [
        await hub.ok('POST', keys, { client }),
        await hub.ok('POST', `${keys}?client=${client}`, {}),
      ]) {
        expect(server(made.config)).toEqual(shape(`${hub.url}/mcp`, made.key));
        expect(made.config).not.toHaveProperty('inputs');
      }
      expect(await hub.ok('POST', keys, {})).not.toHaveProperty('config');
      const open = await hub.ok('GET', `/api/agents/${agent.id}/mcp-config?client=${client}`);
      const place = client === 'vscode' ? `\${input:chatelaine-agent-key}` : 'PASTE_AGENT_KEY_HERE';
      expect(server(open)).toEqual(shape(`${hub.url}/mcp`, place));
    },
  );

  test('of VS Code asks for the key as a password', async () => {
    const agent = await hub.ok('POST', '/api/agents', { name: 'Asks' });
    expect((await hub.ok('GET', `/api/agents/${agent.id}/mcp-config?client=vscode`)).inputs).toEqual([
      { type: 'promptString', id: 'chatelaine-agent-key', description: 'Chatelaine agent key', password: true },
    ]);
  });

  test('of a client that nobody knows is refused', async () => {
    const agent = await hub.ok('POST', '/api/agents', { name: 'Unknown client' });
    const answer = await hub.api('POST', `/api/agents/${agent.id}/keys`, { client: 'emacs' });
    expect(answer).toMatchObject({ status: 400, body: { field: 'client' } });
    expect((await hub.ok('GET', `/api/agents/${agent.id}/keys`)).items).toEqual([]);
  });
});

describe('documents', () => {
  test('OpenAPI 3.1 names every call of the contract', async () => {
    const document = await hub.ok('GET', '/api/openapi.json');
    expect(document.openapi).toBe('3.1.0');
    const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    for (const call of [
      'POST /api/connectors/probe',
      'POST /api/connectors',
      'GET /api/connectors',
      'GET /api/connectors/{id}',
      'PATCH /api/connectors/{id}',
      'DELETE /api/connectors/{id}',
      'POST /api/connectors/{id}/connect',
      'POST /api/connectors/{id}/sync',
      'GET /api/connectors/{id}/tools',
      'POST /api/connectors/{id}/tools/{name}/approve',
      'GET /api/connectors/{id}/transcript',
      'POST /api/connectors/{id}/registration',
      'DELETE /api/connectors/{id}/credential',
      'GET /api/agents',
      'POST /api/agents',
      'GET /api/agents/{id}',
      'PATCH /api/agents/{id}',
      'DELETE /api/agents/{id}',
      'GET /api/agents/{id}/connectors',
      'PUT /api/agents/{id}/tools',
      'PUT /api/agents/{id}/connectors/{connectorId}',
      'PUT /api/agents/{id}/credentials/{connectorId}',
      'DELETE /api/agents/{id}/credentials/{connectorId}',
      'POST /api/agents/{id}/keys',
      'GET /api/agents/{id}/keys',
      'DELETE /api/agents/{id}/keys/{keyId}',
      'GET /api/agents/{id}/mcp-config',
      'GET /api/agents/{id}/upstream-config',
      'GET /api/tokens',
      'POST /api/tokens',
      'DELETE /api/tokens/{id}',
      'GET /api/audit',
      'GET /api/calls',
      'GET /api/calls/stats',
    ]) {
      expect(calls).toContain(call);
    }
  });

  test('health, readiness, metrics and the docs page answer without a token', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/docs', '/api/openapi.json', '/oauth/client.json']) {
      expect((await hub.api('GET', path, undefined, null)).status).toBe(200);
    }
    const metrics = await hub.api('GET', '/metrics', undefined, null);
    expect(metrics.text).toMatch(/chatelaine_http_requests_total\{route="\/healthz",method="GET",status="200"\} \d+/);
  });

  test('the client metadata document names our callback and no secret', async () => {
    const document = (await hub.api('GET', '/oauth/client.json', undefined, null)).body;
    expect(document).toMatchObject({
      redirect_uris: [`${hub.url}/oauth/callback`],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    });
    expect(JSON.stringify(document)).not.toContain('secret');
  });

  test('every answer forbids framing, sniffing and caching', async () => {
    const { headers } = await hub.api('GET', '/api/agents');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });
});

test('the audit log tells every change with who and what, and no value', async () => {
  const agent = await hub.ok('POST', '/api/agents', { name: 'Audited' });
  await hub.ok('PATCH', `/api/agents/${agent.id}`, { enabled: false });
  await hub.ok('POST', `/api/agents/${agent.id}/keys`, {});
  await hub.api('DELETE', `/api/agents/${agent.id}`);
  const { items } = await hub.ok('GET', `/api/audit?agentId=${agent.id}`);
  expect(items.map((item: any) => item.action).sort()).toEqual([
    'agent.changed',
    'agent.created',
    'agent.deleted',
    'agent_key.created',
  ]);
  expect(items.every((item: any) => item.actor === 'admin')).toBe(true);
});
