// The whole way of an authorization, against real authorization servers: P1 to P3, S5 to S11, F1 to F3, F7, F9, F10.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { type ProviderName, type RunningProvider, startProvider } from '../support/providers.ts';

let hub: TestHub;
const providers = {} as Record<'linear' | 'sentry' | 'granola', RunningProvider>;

beforeAll(async () => {
  hub = await startHub();
  for (const name of ['linear', 'sentry', 'granola'] as const) providers[name] = await startProvider(name);
});
afterAll(async () => {
  await hub?.close();
  for (const provider of Object.values(providers)) await provider.close();
});
beforeEach(() => {
  for (const provider of Object.values(providers)) {
    for (const fault of Object.keys(provider.faults)) delete (provider.faults as Record<string, unknown>)[fault];
    provider.signIn.autoApprove = true;
    provider.signIn.account = 'ada@example.test';
    delete provider.signIn.deny;
    provider.clearRequests();
  }
});

let count = 0;
const unique = (name: string): string => `${name} ${++count}`;
const create = (provider: RunningProvider, more: object = {}): Promise<any> =>
  hub.ok('POST', '/api/connectors', {
    name: unique(provider.name),
    url: provider.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
    ...more,
  });
const get = (id: string): Promise<any> => hub.ok('GET', `/api/connectors/${id}`);
const whoami = async (id: string, provider: RunningProvider, agentId?: string): Promise<any> => {
  const name = provider.tools()[0]?.name ?? '';
  const { result } = await hub.ok('POST', `/api/connectors/${id}/requests`, {
    method: 'tools/call',
    params: { name, arguments: {} },
    agentId,
  });
  return result.structuredContent?.whoami;
};

describe.each([
  ['P1 Linear', 'linear', 45],
  ['P2 Sentry', 'sentry', 14],
  ['P3 Granola', 'granola', 4],
] as const)('%s', (_title, name: ProviderName, tools) => {
  test(`S5 S6 S7 from the pasted URL through consent to a guarded credential and ${tools} tools`, async () => {
    const provider = providers[name as 'linear'];
    const made = await create(provider);
    const { connectUrl, expiresAt } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
    expect(connectUrl).toMatch(new RegExp(`^${hub.url}/connect/[A-Za-z0-9_-]{43}$`));
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(9 * 60_000);

    const browser = new Browser();
    const toProvider = await browser.follow(connectUrl, (next) => next.origin === provider.origin);
    expect(toProvider.status).toBe(303);
    const query = toProvider.url.searchParams;
    expect(Object.fromEntries(query)).toMatchObject({
      response_type: 'code',
      redirect_uri: `${hub.url}/oauth/callback`,
      code_challenge_method: 'S256',
      resource: provider.mcpUrl,
    });
    expect(query.get('code_challenge')).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(query.get('state')?.length).toBeGreaterThanOrEqual(43);

    const end = await hub.consent(toProvider.url.href, browser);
    expect(end.url.pathname).toBe(`/connectors/${made.id}`);
    expect(end.url.searchParams.get('error')).toBeNull();
    const connector = await get(made.id);
    expect(connector).toMatchObject({
      credential: { configured: true, state: 'usable', refreshable: true, reason: null },
      tools: { count: tools, lastError: null },
      oauth: { issuer: provider.issuer, registration: 'dynamic', resource: provider.mcpUrl },
      server: { reachable: true },
    });
    expect(Date.parse(connector.credential.expiresAt)).toBeGreaterThan(Date.now());
    const token = provider.requests.find((request) => request.path.endsWith('/token'));
    const form = new URLSearchParams(token?.body);
    expect(form.get('resource')).toBe(provider.mcpUrl);
    expect(form.get('code_verifier')).toMatch(/^[A-Za-z0-9_-]{43,128}$/);
    expect(await whoami(made.id, provider)).toMatchObject({ account: 'ada@example.test' });
  });
});

describe('S5 registration', () => {
  test('a second connector of the same issuer uses the registration that is there', async () => {
    const provider = providers.sentry;
    const [one, two] = [await create(provider), await create(provider)];
    await hub.connect(one.id);
    provider.clearRequests();
    await hub.connect(two.id);
    expect(provider.count(/register/, 'POST')).toBe(0);
  });

  test('ten connects at once register once', async () => {
    const provider = await startProvider('granola');
    try {
      const made = await create(provider);
      await Promise.all(Array.from({ length: 10 }, () => hub.ok('POST', `/api/connectors/${made.id}/connect`, {})));
      expect(provider.count(/register/, 'POST')).toBe(1);
    } finally {
      await provider.close();
    }
  });

  test('a provider without it gets a clear next step with our redirect URI; a client id by hand then works', async () => {
    const provider = await startProvider('granola', { faults: { noRegistration: true } });
    try {
      const made = await create(provider);
      const refused = await hub.api('POST', `/api/connectors/${made.id}/connect`, {});
      expect(refused).toMatchObject({ status: 422, body: { code: 'client_id_required', field: 'oauth.clientId' } });
      expect(refused.body.detail).toContain(`${hub.url}/oauth/callback`);
      const { clientId, clientSecret } = await provider.registerClient({ redirectUris: [`${hub.url}/oauth/callback`] });
      const changed = await hub.ok('PATCH', `/api/connectors/${made.id}`, { oauth: { clientId, clientSecret } });
      expect(JSON.stringify(changed)).not.toContain(clientSecret);
      const end = await hub.connect(made.id);
      expect(end.url.searchParams.get('error')).toBeNull();
      expect((await get(made.id)).oauth.registration).toBe('pre_registered');
    } finally {
      await provider.close();
    }
  });

  test('a client that the provider forgot is recognised, registered again once, and the person ends up connected', async () => {
    const provider = await startProvider('sentry');
    try {
      const made = await create(provider);
      await hub.connect(made.id);
      const browser = new Browser();
      const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
      const before = await browser.follow(connectUrl, (next) => next.origin === provider.origin);
      const back = await browser.follow(before.url.href, (next) => next.origin === hub.url);
      await provider.forgetClients();
      provider.clearRequests();
      const end = await hub.consent(back.url.href, browser);
      expect(end.url.searchParams.get('error')).toBeNull();
      expect(provider.count(/register/, 'POST')).toBe(1);
      expect((await get(made.id)).credential.state).toBe('usable');
    } finally {
      await provider.close();
    }
  });

  test('"register again" makes a new client and leaves connector, tools, grants and the serving token alone', async () => {
    const provider = providers.granola;
    const made = await create(provider);
    await hub.connect(made.id);
    const before = await get(made.id);
    provider.clearRequests();
    const renewed = await hub.ok('POST', `/api/connectors/${made.id}/registration`);
    expect(renewed).toEqual({ issuer: provider.issuer, registration: 'dynamic' });
    expect(provider.count(/register/, 'POST')).toBe(1);
    const after = await get(made.id);
    expect(after.credential.setAt).toBe(before.credential.setAt);
    expect(after.tools).toMatchObject({ count: before.tools.count });
    expect(await whoami(made.id, provider)).toMatchObject({ account: 'ada@example.test' });
    // The old client is not deleted at the provider as long as a refresh needs it.
    await provider.expireAccessTokens();
    expect(await whoami(made.id, provider)).toMatchObject({ account: 'ada@example.test' });
  });
});

describe('S8 state: unforgeable, once, in time, in the browser that started', () => {
  const toCallback = async (made: any, browser: Browser): Promise<URL> => {
    const provider = providers.granola;
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
    const end = await browser.follow(connectUrl, (next) => next.href.startsWith(`${hub.url}/oauth/callback`));
    expect(end.url.searchParams.get('iss')).toBe(provider.issuer);
    return end.url;
  };
  const refused = async (url: URL, browser: Browser, made: any, status: number): Promise<void> => {
    providers.granola.clearRequests();
    const before = await get(made.id);
    const end = await browser.get(url.href);
    expect(end.status).toBe(status);
    expect(end.text).toContain('start again');
    expect(providers.granola.count(/token/)).toBe(0);
    expect((await get(made.id)).credential).toEqual(before.credential);
  };

  test('a callback from another browser changes nothing, and the right browser may still finish', async () => {
    const made = await create(providers.granola);
    const mine = new Browser();
    const url = await toCallback(made, mine);
    await refused(url, new Browser(), made, 403);
    const end = await hub.consent(url.href, mine);
    expect(end.url.searchParams.get('error')).toBeNull();
  });

  test('a replay, a forged state, a wrong iss, a missing iss, a doubled parameter end on a plain page and change nothing', async () => {
    const made = await create(providers.granola);
    const browser = new Browser();
    const url = await toCallback(made, browser);
    const variants: [string, (u: URL) => void, number][] = [
      ['forged', (u) => u.searchParams.set('state', 'A'.repeat(43)), 404],
      ['no state', (u) => u.searchParams.delete('state'), 404],
      ['wrong iss', (u) => u.searchParams.set('iss', 'https://evil.example'), 422],
      ['slash on iss', (u) => u.searchParams.set('iss', `${providers.granola.issuer}/`), 422],
      ['missing iss', (u) => u.searchParams.delete('iss'), 422],
      ['two codes', (u) => u.searchParams.append('code', 'other'), 400],
    ];
    for (const [, change, status] of variants) {
      const changed = new URL(url);
      change(changed);
      const before = await get(made.id);
      providers.granola.clearRequests();
      const end = await browser.get(changed.href);
      expect(end.status).toBe(status);
      expect(end.text).toContain('start again');
      expect(end.text).not.toContain('evil.example');
      expect(providers.granola.count(/token/)).toBe(0);
      expect((await get(made.id)).credential).toEqual(before.credential);
    }
    expect((await hub.consent(url.href, browser)).url.searchParams.get('error')).toBeNull();
    await refused(url, browser, made, 409);
  });

  test('a provider’s error text of a response with a wrong iss is never shown', async () => {
    const made = await create(providers.granola);
    const browser = new Browser();
    const url = await toCallback(made, browser);
    url.searchParams.delete('code');
    url.searchParams.set('iss', 'https://evil.example');
    url.searchParams.set('error', 'access_denied');
    url.searchParams.set('error_description', 'call-this-number');
    const end = await browser.get(url.href);
    expect(end.text).not.toContain('call-this-number');
  });

  test('a connect link works in one browser only, and a link preview does not use it up', async () => {
    const made = await create(providers.granola);
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
    expect((await fetch(connectUrl, { method: 'HEAD', redirect: 'manual' })).status).toBe(204);
    const browser = new Browser();
    expect((await browser.get(connectUrl)).status).toBe(303);
    expect((await browser.get(connectUrl)).status).toBe(303);
    const other = await new Browser().get(connectUrl);
    expect(other.status).toBe(403);
    expect((await browser.get(`${hub.url}/connect/${'x'.repeat(43)}`)).status).toBe(404);
    expect(browser.cookies('127.0.0.1').size).toBeGreaterThan(0);
  });

  test.each([
    [
      'a chat that shows what is behind it',
      { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' },
    ],
    ['a messenger', { 'user-agent': 'WhatsApp/2.23.20.0' }],
    ['a social network', { 'user-agent': 'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)' }],
    ['a browser that fetches ahead', { 'sec-purpose': 'prefetch;prerender' }],
    ['an older browser that does', { purpose: 'prefetch' }],
    ['a page that embeds it as an image', { 'sec-fetch-dest': 'image' }],
    ['a page that embeds it as a frame', { 'sec-fetch-dest': 'iframe' }],
  ])('a connect link is not used up by %s', async (_who, headers) => {
    const made = await create(providers.granola);
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
    const looked = await fetch(connectUrl, { redirect: 'manual', headers: headers as Record<string, string> });
    expect([looked.status, looked.headers.getSetCookie(), looked.headers.get('location')]).toEqual([200, [], null]);
    expect(await looked.text()).toContain('Nothing was done yet');
    const opened = await fetch(connectUrl, {
      redirect: 'manual',
      headers: {
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)',
      },
    });
    expect(opened.status).toBe(303);
  });
});

describe('S9 F10 the browser lands where the flow began', () => {
  test('on the agent’s page for an agent, with the error code and the provider’s words as its words', async () => {
    const provider = providers.sentry;
    const agent = await hub.ok('POST', '/api/agents', { name: unique('Lander') });
    const made = await create(provider, { credentialMode: 'per_agent' });
    provider.signIn.deny = true;
    const end = await hub.connect(made.id, agent.id);
    expect(end.url.pathname).toBe(`/agents/${agent.id}`);
    expect(end.url.searchParams.get('error')).toBe('authorization_denied');
    expect(end.status).toBe(200);
    expect(end.text).toContain('The provider said');
    expect(end.text).toContain('access_denied');
    provider.signIn.deny = false;
    const again = await hub.connect(made.id, agent.id);
    expect(again.url.pathname).toBe(`/agents/${agent.id}`);
    expect(again.url.searchParams.get('error')).toBeNull();
  });

  test('on returnTo when it is a path of this hub, and nowhere else', async () => {
    const made = await create(providers.sentry);
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, { returnTo: '/my/page?tab=2' });
    const end = await new Browser().follow(connectUrl, (next) => next.pathname === '/my/page');
    expect(end.url.origin).toBe(hub.url);
    expect(end.url.searchParams.get('tab')).toBe('2');
    for (const returnTo of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      'javascript:alert(1)',
      'page',
      '/..//evil.example',
    ]) {
      const refused = await hub.api('POST', `/api/connectors/${made.id}/connect`, { returnTo });
      expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request', field: 'returnTo' } });
    }
  });

  test('F7 a failed exchange is shown with the provider’s error code', async () => {
    const provider = providers.sentry;
    const made = await create(provider);
    const body = JSON.stringify({ error: 'invalid_target', error_description: '<b>no such resource</b>' });
    provider.faults.answer = { token: { status: 400, headers: { 'content-type': 'application/json' }, body } };
    const end = await hub.connect(made.id);
    expect(end.url.searchParams.get('error')).toBe('token_request_failed');
    expect(end.text).toContain('invalid_target');
    expect(end.text).toContain('&lt;b&gt;no such resource');
    expect((await get(made.id)).credential.configured).toBe(false);
  });
});

describe('S10 the first credential lists the tools', () => {
  test('F9 an agent’s own too; a failing listing spoils nothing', async () => {
    const provider = providers.granola;
    const agent = await hub.ok('POST', '/api/agents', { name: unique('First') });
    const made = await create(provider, { credentialMode: 'per_agent' });
    expect((await get(made.id)).tools.count).toBe(0);
    provider.faults.html = { mcp: true };
    const end = await hub.connect(made.id, agent.id);
    expect(end.url.searchParams.get('error')).toBe('sync_failed');
    const { items } = await hub.ok('GET', `/api/agents/${agent.id}/connectors?limit=200`);
    const before = items.find((row: any) => row.connectorId === made.id);
    expect(before.state).toBe('usable');
    delete provider.faults.html;
    await hub.ok('POST', `/api/connectors/${made.id}/sync`, { agentId: agent.id });
    expect(await get(made.id)).toMatchObject({ tools: { count: 4, lastError: null }, server: { reachable: true } });
  });
});

describe('S2 the mode is independent of the auth type', () => {
  test('two agents have two accounts at one provider, and neither ever answers for the other', async () => {
    const provider = providers.linear;
    const made = await create(provider, { credentialMode: 'per_agent' });
    const agents: any[] = [];
    for (const account of ['ada@example.test', 'bob@example.test']) {
      provider.signIn.account = account;
      const agent = await hub.ok('POST', '/api/agents', { name: unique(account) });
      await hub.connect(made.id, agent.id);
      agents.push({ ...agent, account });
    }
    for (const agent of agents)
      expect(await whoami(made.id, provider, agent.id)).toMatchObject({ account: agent.account });
    await hub.ok('DELETE', `/api/agents/${agents[0].id}/credentials/${made.id}`);
    const refused = await hub.api('POST', `/api/connectors/${made.id}/requests`, {
      method: 'tools/list',
      agentId: agents[0].id,
    });
    expect(refused).toMatchObject({ status: 409, body: { code: 'connect_required' } });
    expect(await whoami(made.id, provider, agents[1].id)).toMatchObject({ account: 'bob@example.test' });
    const nobody = await hub.api('POST', `/api/connectors/${made.id}/requests`, { method: 'tools/list' });
    expect(nobody).toMatchObject({ status: 400, body: { field: 'agentId' } });
  });
});

describe('reconnecting and disconnecting', () => {
  test('reconnecting keeps connector, tools and grants, and the old token serves until the new one has listed the tools', async () => {
    const provider = providers.sentry;
    const made = await create(provider);
    provider.signIn.account = 'old@example.test';
    await hub.connect(made.id);
    const tool = provider.tools()[0]?.name;
    const agent = await hub.ok('POST', '/api/agents', { name: unique('Granted') });
    await hub.ok('PUT', `/api/agents/${agent.id}/tools`, { tools: [`mcp__${made.key}__${tool}`] });

    provider.signIn.account = 'new@example.test';
    provider.faults.html = { mcp: true };
    const half = await hub.connect(made.id);
    expect(half.url.searchParams.get('error')).toBe('sync_failed');
    delete provider.faults.html;
    expect((await get(made.id)).credential.pending).toBe(true);
    expect(await whoami(made.id, provider)).toMatchObject({ account: 'old@example.test' });

    await hub.connect(made.id);
    expect(await whoami(made.id, provider)).toMatchObject({ account: 'new@example.test' });
    expect((await get(made.id)).credential.pending).toBe(false);
    const { items } = await hub.ok('GET', `/api/agents/${agent.id}/connectors?limit=200`);
    const tools = items.find((row: any) => row.connectorId === made.id).tools;
    expect(tools.filter((row: any) => row.granted).map((row: any) => row.name)).toEqual([tool]);
  });

  test('disconnecting revokes at the provider and forgets here', async () => {
    const provider = providers.sentry;
    const made = await create(provider);
    await hub.connect(made.id);
    provider.clearRequests();
    expect((await hub.api('DELETE', `/api/connectors/${made.id}/credential`)).status).toBe(204);
    expect(provider.count(/revo/, 'POST')).toBeGreaterThan(0);
    expect(await get(made.id)).toMatchObject({
      credential: { configured: false, state: 'connect_required' },
      tools: { count: 14 },
    });
  });

  test('it forgets whatever the provider answers', async () => {
    const provider = providers.sentry;
    const made = await create(provider);
    await hub.connect(made.id);
    provider.faults.answer = { revocation: { status: 500, body: 'no' } };
    expect((await hub.api('DELETE', `/api/connectors/${made.id}/credential`)).status).toBe(204);
    expect((await get(made.id)).credential.configured).toBe(false);
  });
});
