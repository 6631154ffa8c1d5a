// Connectors as an operator meets them: S1, S2, S3 (by name), S4, S12, S13 to S18, P4, F4 to F6, F8, F9.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

let hub: TestHub;
let linear: RunningProvider;
let sentry: RunningProvider;
let render: RunningProvider;

beforeAll(async () => {
  [hub, linear, sentry, render] = await Promise.all([
    startHub(),
    startProvider('linear'),
    startProvider('sentry'),
    startProvider('render'),
  ]);
});
afterAll(async () => {
  await hub?.close();
  await Promise.all([linear, sentry, render].map((provider) => provider?.close()));
});

let count = 0;
const unique = (name: string): string => `${name} ${++count}`;

describe('S1 a connector is checked as a whole', () => {
  const url = 'http://127.0.0.1:4999/mcp';
  test.each([
    ['a name', { url, authType: 'none' }, 'name'],
    ['a blank name', { name: '  ', url, authType: 'none' }, 'name'],
    ['a whole URL', { name: 'x', url: 'mcp.example.com', authType: 'none' }, 'url'],
    ['http or https', { name: 'x', url: 'ftp://127.0.0.1/', authType: 'none' }, 'url'],
    ['no script', { name: 'x', url: 'javascript:alert(1)', authType: 'none' }, 'url'],
    ['no password in the URL', { name: 'x', url: 'http://u:p@127.0.0.1/mcp', authType: 'none' }, 'url'],
    [
      'a header name for api_key_header',
      { name: 'x', url, authType: 'api_key_header', credentialMode: 'shared' },
      'headerName',
    ],
    [
      'a possible header name',
      { name: 'x', url, authType: 'api_key_header', credentialMode: 'shared', headerName: 'X Key' },
      'headerName',
    ],
    ['a mode for bearer', { name: 'x', url, authType: 'bearer' }, 'credentialMode'],
    ['a mode for oauth', { name: 'x', url, authType: 'oauth' }, 'credentialMode'],
    ['no mode for none', { name: 'x', url, authType: 'none', credentialMode: 'shared' }, 'credentialMode'],
    ['a known auth type', { name: 'x', url, authType: 'basic' }, 'authType'],
    [
      'no shared secret for per_agent',
      { name: 'x', url, authType: 'bearer', credentialMode: 'per_agent', secret: 's' },
      'secret',
    ],
    ['no protocol headers', { name: 'x', url, authType: 'none', headers: { Host: 'evil' } }, 'headers.Host'],
    [
      'no line breaks in headers',
      { name: 'x', url, authType: 'none', headers: { 'x-a': 'a\r\nx-b: c' } },
      'headers.x-a',
    ],
    ['no unknown fields', { name: 'x', url, authType: 'none', colour: 'red' }, 'colour'],
  ])('it needs %s', async (_what, body, field) => {
    const answer = await hub.api('POST', '/api/connectors', body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'invalid_request', field, status: 400 });
  });

  test('its name is unique, and the conflict names the field', async () => {
    const name = unique('Same');
    await hub.ok('POST', '/api/connectors', { name, url: render.mcpUrl, authType: 'none' });
    const again = await hub.api('POST', '/api/connectors', { name, url: render.mcpUrl, authType: 'none' });
    expect(again).toMatchObject({ status: 409, body: { code: 'conflict', field: 'name' } });
  });

  test('a server that cannot be looked at is not guessed about', async () => {
    const name = unique('Unseen');
    const refused = await hub.api('POST', '/api/connectors', { name, url: 'http://127.0.0.1:4999/mcp' });
    expect(refused).toMatchObject({ status: 502, body: { code: 'upstream_unreachable', field: 'authType' } });
    expect((await hub.api('GET', '/api/connectors?limit=200')).text).not.toContain(name);
  });

  test('a server that is down can be entered before it is up', async () => {
    const made = await hub.ok('POST', '/api/connectors', {
      name: unique('Down'),
      url: 'http://127.0.0.1:4999/mcp',
      authType: 'bearer',
      credentialMode: 'shared',
      secret: 'early-secret',
    });
    expect(made.credential.configured).toBe(true);
    expect(made.server.reachable).toBe(false);
    expect(made.tools).toMatchObject({ count: 0, lastError: { code: expect.any(String) } });
  });
});

describe('S4 discovery from the pasted URL alone', () => {
  test('an OAuth server is found to be one, with issuer, resource and registration', async () => {
    const found = await hub.ok('POST', '/api/connectors/probe', { url: linear.mcpUrl });
    expect(found).toMatchObject({
      reachable: true,
      suggestedAuthType: 'oauth',
      issuer: linear.issuer,
      resource: linear.mcpUrl,
      registration: 'dynamic',
      pkce: true,
      listsWithoutCredential: false,
    });
    expect(found.requests.length).toBeGreaterThan(1);
    const list = await hub.ok('GET', '/api/connectors?limit=200');
    expect(list.items.some((connector: any) => connector.url === linear.mcpUrl)).toBe(false);
  });

  test('without an authType the server decides', async () => {
    const made = await hub.ok('POST', '/api/connectors', { name: unique('Guess'), url: sentry.mcpUrl });
    expect(made).toMatchObject({
      authType: 'oauth',
      credentialMode: 'shared',
      credential: { configured: false, state: 'connect_required' },
    });
  });

  test('endpoints set by hand skip discovery', async () => {
    const { clientId, clientSecret } = await sentry.registerClient({ redirectUris: [`${hub.url}/oauth/callback`] });
    const metadata = (await (await fetch(`${sentry.origin}/.well-known/oauth-authorization-server`)).json()) as any;
    const made = await hub.ok('POST', '/api/connectors', {
      name: unique('By hand'),
      url: sentry.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
      oauth: {
        issuer: sentry.issuer,
        authorizationEndpoint: metadata.authorization_endpoint,
        tokenEndpoint: metadata.token_endpoint,
        clientId,
        clientSecret,
      },
    });
    sentry.clearRequests();
    const end = await hub.connect(made.id);
    expect(end.url.searchParams.get('error')).toBeNull();
    expect(sentry.count(/well-known/)).toBe(0);
    expect(sentry.count(/register/)).toBe(0);
    expect((await hub.ok('GET', `/api/connectors/${made.id}`)).credential.state).toBe('usable');
  });
});

describe('P4 Render: bearer token, no OAuth, lists without a credential, one key per agent', () => {
  test('F8 a 404 in discovery is an answer: bearer or API key', async () => {
    const found = await hub.ok('POST', '/api/connectors/probe', { url: render.mcpUrl });
    expect(found).toMatchObject({ reachable: true, issuer: null, listsWithoutCredential: true, toolCount: 24 });
    const declared = await hub.ok('POST', '/api/connectors', {
      name: unique('Render oauth'),
      url: render.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
    });
    const refused = await hub.api('POST', `/api/connectors/${declared.id}/connect`, {});
    expect(refused).toMatchObject({ status: 422, body: { code: 'oauth_not_supported' } });
    expect(refused.body.detail).toMatch(/bearer|API key/i);
  });

  test('S13 it is listed without a credential; S2 each agent calls with its own', async () => {
    const made = await hub.ok('POST', '/api/connectors', {
      name: unique('Render'),
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'per_agent',
    });
    expect(made.tools.count).toBe(24);
    const [ada, bob] = await Promise.all(
      ['Ada', 'Bob'].map((name) => hub.ok('POST', '/api/agents', { name: unique(name) })),
    );
    const keys = {
      [ada.id]: render.apiKeys?.issue('ada@example.test'),
      [bob.id]: render.apiKeys?.issue('bob@example.test'),
    };
    expect((await row(ada.id, made.id)).state).toBe('secret_required');
    for (const agent of [ada, bob])
      await hub.ok('PUT', `/api/agents/${agent.id}/credentials/${made.id}`, { secret: keys[agent.id] });
    expect((await row(ada.id, made.id)).state).toBe('usable');
    for (const [agent, account] of [
      [ada, 'ada@example.test'],
      [bob, 'bob@example.test'],
    ] as const) {
      const { result } = await hub.ok('POST', `/api/connectors/${made.id}/requests`, {
        method: 'tools/call',
        params: { name: 'list_workspaces', arguments: {} },
        agentId: agent.id,
      });
      expect(result.structuredContent.whoami.account).toBe(account);
    }
    await hub.ok('DELETE', `/api/agents/${ada.id}/credentials/${made.id}`);
    const gone = await hub.api('POST', `/api/connectors/${made.id}/requests`, {
      method: 'tools/call',
      params: { name: 'list_workspaces' },
      agentId: ada.id,
    });
    expect(gone).toMatchObject({ status: 409, body: { code: 'secret_required' } });
    expect((await row(bob.id, made.id)).state).toBe('usable');
  });

  test('a refused key is marked with the reason and serves again once it is replaced', async () => {
    const key = render.apiKeys?.issue('carol@example.test') ?? '';
    const made = await hub.ok('POST', '/api/connectors', {
      name: unique('Render shared'),
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: key,
    });
    render.apiKeys?.revoke(key);
    const call = { method: 'tools/call', params: { name: 'list_workspaces', arguments: {} } };
    const refused = await hub.api('POST', `/api/connectors/${made.id}/requests`, call);
    expect(refused).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
    expect((await hub.ok('GET', `/api/connectors/${made.id}`)).credential).toMatchObject({
      state: 'reauthorization_required',
      reason: expect.stringContaining('401'),
    });
    await hub.ok('PATCH', `/api/connectors/${made.id}`, { secret: render.apiKeys?.issue('carol@example.test') });
    expect((await hub.ok('POST', `/api/connectors/${made.id}/requests`, call)).resultType).toBe('complete');
    expect((await hub.ok('GET', `/api/connectors/${made.id}`)).credential.state).toBe('usable');
  });
});

describe('S18 edits keep what they do not name', () => {
  test('a blank or absent secret keeps the stored one, a new one replaces it', async () => {
    const key = render.apiKeys?.issue('dave@example.test') ?? '';
    const made = await hub.ok('POST', '/api/connectors', {
      name: unique('Keep'),
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: key,
    });
    for (const secret of [undefined, '', '   ']) {
      const changed = await hub.ok('PATCH', `/api/connectors/${made.id}`, {
        name: unique('Kept'),
        ...(secret === undefined ? {} : { secret }),
      });
      expect(changed.credential.setAt).toBe(made.credential.setAt);
    }
    const { result } = await hub.ok('POST', `/api/connectors/${made.id}/requests`, {
      method: 'tools/call',
      params: { name: 'list_workspaces', arguments: {} },
    });
    expect(result.structuredContent.whoami.account).toBe('dave@example.test');
  });

  test('custom headers are set, kept and removed by name, and their values are never answered', async () => {
    const made = await hub.ok('POST', '/api/connectors', {
      name: unique('Headers'),
      url: render.mcpUrl,
      authType: 'none',
      headers: { 'X-Tenant': 'tenant-canary-1', 'X-Region': 'eu' },
    });
    expect(made.headerNames).toEqual(['x-region', 'x-tenant']);
    const changed = await hub.ok('PATCH', `/api/connectors/${made.id}`, {
      headers: { 'X-Region': null, 'X-New': 'n' },
    });
    expect(changed.headerNames).toEqual(['x-new', 'x-tenant']);
    render.clearRequests();
    await hub.ok('POST', `/api/connectors/${made.id}/sync`, {});
    expect(render.requests.at(-1)?.headers).toMatchObject({ 'x-tenant': 'tenant-canary-1', 'x-new': 'n' });
    expect(render.requests.at(-1)?.headers['x-region']).toBeUndefined();
    expect(JSON.stringify(changed)).not.toContain('tenant-canary-1');
  });

  test('another origin drops credentials and header values, and the answer says so', async () => {
    const made = await hub.ok('POST', '/api/connectors', {
      name: unique('Moved'),
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: render.apiKeys?.issue('erin@example.test'),
      headers: { 'X-Tenant': 't' },
    });
    const moved = await hub.ok('PATCH', `/api/connectors/${made.id}`, { url: sentry.mcpUrl });
    expect(moved.droppedSecrets.sort()).toEqual(['credential', 'headers.x-tenant']);
    expect(moved.credential.configured).toBe(false);
    expect(moved.headerNames).toEqual([]);
    expect(moved.tools.count).toBe(0);
  });
});

describe('S12 one resolver answers for every auth type', () => {
  test.each([
    ['bearer', { authType: 'bearer' }, 'authorization', (key: string) => `Bearer ${key}`],
    ['api_key_header', { authType: 'api_key_header', headerName: 'X-Api-Key' }, 'x-api-key', (key: string) => key],
  ])('%s, shared and per agent, with custom headers merged in', async (_name, shape, header, expected) => {
    const agent = await hub.ok('POST', '/api/agents', { name: unique('Resolver') });
    for (const mode of ['shared', 'per_agent'] as const) {
      const secret = `sk-${mode}-${unique('k').replace(' ', '')}`;
      const made = await hub.ok('POST', '/api/connectors', {
        name: unique('Resolve'),
        url: render.mcpUrl,
        ...shape,
        credentialMode: mode,
        headers: { 'X-Extra': 'e' },
        ...(mode === 'shared' ? { secret } : {}),
      });
      if (mode === 'per_agent') await hub.ok('PUT', `/api/agents/${agent.id}/credentials/${made.id}`, { secret });
      const config = await hub.ok('GET', `/api/agents/${agent.id}/upstream-config?client=json`);
      expect(config.mcpServers[made.key]).toEqual({
        type: 'http',
        url: render.mcpUrl,
        headers: { 'x-extra': 'e', [header]: expected(secret) },
      });
    }
  });

  test('references are read at the moment of use', async () => {
    const { mkdir, writeFile } = await import('node:fs/promises');
    await mkdir(`${hub.folder}/secrets`, { recursive: true });
    await writeFile(`${hub.folder}/secrets/render-key`, 'first-value\n');
    process.env.CHATELAINE_SECRET_TEST = 'from-environment';
    const agent = await hub.ok('POST', '/api/agents', { name: unique('Reference') });
    const file = await hub.ok('POST', '/api/connectors', {
      name: unique('File'),
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: 'file:render-key',
    });
    const env = await hub.ok('POST', '/api/connectors', {
      name: unique('Env'),
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: 'env:CHATELAINE_SECRET_TEST',
    });
    const headers = async (key: string) =>
      (await hub.ok('GET', `/api/agents/${agent.id}/upstream-config`)).mcpServers[key].headers.authorization;
    expect(await headers(file.key)).toBe('Bearer first-value');
    expect(await headers(env.key)).toBe('Bearer from-environment');
    await writeFile(`${hub.folder}/secrets/render-key`, 'second-value\n');
    await until('the new value of the file is used', async () => (await headers(file.key)) === 'Bearer second-value');
    delete process.env.CHATELAINE_SECRET_TEST;
  });

  test('one that points at several lines is refused by name, and no line of it is told', async () => {
    const { mkdir, writeFile } = await import('node:fs/promises');
    await mkdir(`${hub.folder}/secrets`, { recursive: true });
    await writeFile(`${hub.folder}/secrets/two-lines`, 'first-line-canary\nsecond-line-canary\n');
    const made = await hub.ok('POST', '/api/connectors', {
      name: unique('Lines'),
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: 'file:two-lines',
    });
    expect(await hub.api('POST', `/api/connectors/${made.id}/sync`)).toMatchObject({
      status: 422,
      body: { code: 'secret_reference_invalid' },
    });
    expect(JSON.stringify([hub.logged, hub.seen])).not.toContain('line-canary');
  });

  test('a reference that points nowhere is told as the state, until it points somewhere', async () => {
    const made = await hub.ok('POST', '/api/connectors', {
      name: unique('Nowhere'),
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret: 'env:CHATELAINE_SECRET_NOWHERE',
    });
    expect(made.credential).toMatchObject({
      state: 'error',
      reason: expect.stringContaining('CHATELAINE_SECRET_NOWHERE'),
    });
    process.env.CHATELAINE_SECRET_NOWHERE = render.apiKeys?.issue('ada@example.test');
    expect((await hub.api('POST', `/api/connectors/${made.id}/sync`)).status).toBe(200);
    const { credential } = await hub.ok('GET', `/api/connectors/${made.id}`);
    expect(credential).toMatchObject({ state: 'usable', reason: null });
    delete process.env.CHATELAINE_SECRET_NOWHERE;
  });

  test.each(['env:PATH', 'env:CHATELAINE_ADMIN_TOKEN', 'file:../../etc/passwd', 'file:/etc/passwd', 'file:.hidden'])(
    'the reference %s is refused',
    async (secret) => {
      const answer = await hub.api('POST', '/api/connectors', {
        name: unique('Bad'),
        url: render.mcpUrl,
        authType: 'bearer',
        credentialMode: 'shared',
        secret,
      });
      expect(answer).toMatchObject({ status: 422, body: { code: 'secret_reference_invalid', field: 'secret' } });
    },
  );
});

describe('S15 keys and offered names', () => {
  test('the key comes from the name, and two names never share one', async () => {
    const one = await hub.ok('POST', '/api/connectors', {
      name: 'Böse Ärzte & Co.',
      url: render.mcpUrl,
      authType: 'none',
    });
    const two = await hub.ok('POST', '/api/connectors', {
      name: 'bose arzte co',
      url: render.mcpUrl,
      authType: 'none',
    });
    expect(one.key).toMatch(/^[a-z0-9_]+$/);
    expect(two.key).not.toBe(one.key);
    const { items } = await hub.ok('GET', `/api/connectors/${one.key}/tools`);
    const agent = await hub.ok('POST', '/api/agents', { name: unique('Names') });
    const wanted = `mcp__${one.key}__${items[0].name}`;
    await hub.ok('PUT', `/api/agents/${agent.id}/tools`, { tools: [wanted] });
    const tools = (await row(agent.id, one.id)).tools;
    expect(tools.filter((tool: any) => tool.granted).map((tool: any) => tool.offeredName)).toEqual([wanted]);
    const unknown = await hub.api('PUT', `/api/agents/${agent.id}/tools`, {
      tools: [wanted, `mcp__${one.key}__no_such`],
    });
    expect(unknown).toMatchObject({ status: 400, body: { code: 'invalid_request', field: 'tools[1]' } });
    expect((await row(agent.id, one.id)).tools.filter((tool: any) => tool.granted)).toHaveLength(1);
  });
});

describe('S14 the whole definition is kept', () => {
  test('with its digest, when it was synced, and a count', async () => {
    const made = await hub.ok('POST', '/api/connectors', {
      name: unique('Whole'),
      url: render.mcpUrl,
      authType: 'none',
    });
    const { items, syncedAt } = await hub.ok('GET', `/api/connectors/${made.id}/tools`);
    expect(items).toHaveLength(24);
    expect(made.tools.count).toBe(24);
    expect(Date.parse(syncedAt)).toBeGreaterThan(Date.now() - 60_000);
    const original = render.tools().find((tool) => tool.name === items[3].name);
    expect(items[3].definition).toMatchObject({
      name: original?.name,
      description: original?.description,
      inputSchema: original?.inputSchema,
    });
    expect(items[3].digest).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const names: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path: string = `/api/connectors/${made.id}/tools?limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const page = await hub.ok('GET', path);
      names.push(...page.items.map((item: any) => item.name));
      cursor = page.nextCursor;
    }
    expect(names).toEqual(items.map((item: any) => item.name));
  });
});

describe('S17 export of the connection', () => {
  test.each(['claude-code', 'claude-desktop', 'cursor', 'vscode', 'json'])(
    'as the file of %s, pointing at the gateway',
    async (client) => {
      const agent = await hub.ok('POST', '/api/agents', { name: unique('Export') });
      const text = JSON.stringify(await hub.ok('GET', `/api/agents/${agent.id}/mcp-config?client=${client}`));
      expect(text).toContain(`${hub.url}/mcp`);
      expect(text).toContain('Bearer');
    },
  );

  test('the real headers go to owners only, and every export is audited', async () => {
    const agent = await hub.ok('POST', '/api/agents', { name: unique('Exported') });
    const { token } = await hub.ok('POST', '/api/tokens', { role: 'reader', label: 'r' });
    expect((await hub.api('GET', `/api/agents/${agent.id}/upstream-config`, undefined, token)).status).toBe(403);
    expect((await hub.api('GET', `/api/agents/${agent.id}`, undefined, token)).status).toBe(200);
    expect((await hub.api('POST', '/api/agents', { name: 'no' }, token)).status).toBe(403);
    await hub.ok('GET', `/api/agents/${agent.id}/upstream-config`);
    const { items } = await hub.ok('GET', `/api/audit?agentId=${agent.id}&action=credential.exported`);
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ actor: 'admin' });
  });
});

async function row(agentId: string, connectorId: string): Promise<any> {
  const { items } = await hub.ok('GET', `/api/agents/${agentId}/connectors?limit=200`);
  return items.find((item: any) => item.connectorId === connectorId);
}
