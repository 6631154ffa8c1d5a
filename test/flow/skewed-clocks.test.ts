// Three processes on one PostgreSQL whose clocks are ten minutes apart: what they decide together, they decide by
// the database's clock.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { generateKey } from '../../src/vault/keyring.ts';
import { type Child, startChild } from '../support/child.ts';
import { ADMIN_TOKEN, startHub, type TestHub } from '../support/hub.ts';
import { setUp } from '../support/people.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

const TEN_MINUTES = 10 * 60_000;
const SHIFT = new URL('../support/shift-clock.ts', import.meta.url).pathname;

let postgres: TestPostgres;
let provider: RunningProvider;
let hub: TestHub;
let children: Child<{ port: number }>[] = [];
/** Of the one whose clock is right, the one ahead and the one behind. */
let urls: readonly [string, string, string];

beforeAll(async () => {
  [postgres, provider] = await Promise.all([startPostgres(), startProvider('sentry')]);
  const CHATELAINE_DATABASE_URL = await postgres.createDatabase();
  const CHATELAINE_ENCRYPTION_KEYS = generateKey();
  hub = await startHub({ env: { CHATELAINE_DATABASE_URL, CHATELAINE_ENCRYPTION_KEYS } });
  children = await Promise.all(
    [TEN_MINUTES, -TEN_MINUTES].map((ahead) =>
      startChild<{ port: number }>('./serve-child.ts', {
        NODE_OPTIONS: `--import ${SHIFT}`,
        CLOCK_AHEAD_MS: String(ahead),
        CHATELAINE_PORT: '0',
        CHATELAINE_URL: hub.url,
        CHATELAINE_DATABASE_URL,
        CHATELAINE_ENCRYPTION_KEYS,
        CHATELAINE_ADMIN_TOKEN: ADMIN_TOKEN,
        CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
      }),
    ),
  );
  urls = [hub.url, addressOf(children[0]), addressOf(children[1])];
});
afterAll(async () => {
  await Promise.all(children.map((child) => child.stop()));
  await hub?.close();
  await provider?.close();
  await postgres?.stop();
});
beforeEach(() => {
  for (const fault of Object.keys(provider.faults)) delete (provider.faults as Record<string, unknown>)[fault];
  provider.clearRequests();
});

const addressOf = (child: (typeof children)[number] | undefined): string => `http://127.0.0.1:${child?.said.port}`;
const list = (url: string, connectorId: string): Promise<Response> =>
  fetch(`${url}/api/connectors/${connectorId}/requests`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ method: 'tools/list' }),
  });
const refreshes = (): number =>
  provider.requests.filter(({ path, body }) => path.endsWith('/token') && body.includes('grant_type=refresh_token'))
    .length;
async function connected(name: string, seconds: number): Promise<{ id: string }> {
  provider.faults.accessTokenSeconds = seconds;
  const fields = { name, url: provider.mcpUrl, authType: 'oauth', credentialMode: 'shared' };
  const made = await hub.ok('POST', '/api/connectors', fields);
  const end = await hub.connect(made.id);
  expect(end.url.searchParams.get('error')).toBeNull();
  provider.clearRequests();
  return made;
}
/** The same path at another process. */
const at = (url: string, there: string): string => `${there}${new URL(url).pathname}${new URL(url).search}`;

test('a lease that one holds has not lapsed for another: the refresh token is presented once', async () => {
  const made = await connected('Leased', 1);
  provider.faults.accessTokenSeconds = 3600;
  const { credential } = await hub.ok('GET', `/api/connectors/${made.id}`);
  await until('the token has expired', () => Date.parse(credential.expiresAt) < Date.now());
  provider.faults.delayMs = { token: 1_500 };
  const first = list(urls[0], made.id);
  await until('the refresh is under way', () => refreshes() > 0);
  const answers = await Promise.all([first, ...urls.map((url) => list(url, made.id))]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(refreshes()).toBe(1);
});

test('a token that is good is good for all: nobody refreshes it, whoever is asked', async () => {
  const made = await connected('Good', 500);
  for (const url of [...urls, ...urls]) expect((await list(url, made.id)).status).toBe(200);
  expect(refreshes()).toBe(0);
});

test('a connect link of one opens at the next and comes back to the third', async () => {
  const fields = { name: 'Around', url: provider.mcpUrl, authType: 'oauth', credentialMode: 'shared' };
  const made = await hub.ok('POST', '/api/connectors', fields);
  for (const [from, over, to] of [
    [0, 1, 2],
    [2, 0, 1],
  ] as const) {
    const response = await fetch(`${urls[from]}/api/connectors/${made.id}/connect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(200);
    const { connectUrl, expiresAt } = (await response.json()) as { connectUrl: string; expiresAt: string };
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - TEN_MINUTES)).toBeLessThan(60_000);
    const browser = hub.browser();
    const back = await browser.follow(at(connectUrl, urls[over]), (next) => next.pathname === '/oauth/callback');
    const end = await browser.get(at(back.url.href, urls[to]));
    expect([end.status, end.location?.searchParams.get('error') ?? null]).toEqual([303, null]);
    expect((await hub.ok('GET', `/api/connectors/${made.id}`)).credential.state).toBe('usable');
  }
});

test('an agent key that expires soon serves everywhere until then, and what was done has one order', async () => {
  const agent = await hub.ok('POST', '/api/agents', { name: 'Punctual' });
  const expiresAt = new Date(Date.now() + 5 * 60_000).toISOString();
  const { key } = await hub.ok('POST', `/api/agents/${agent.id}/keys`, { expiresAt });
  const statuses = await Promise.all(
    urls.map(async (url) => {
      const response = await fetch(`${url}/mcp`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'initialize',
          params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
        }),
      });
      await response.text();
      return response.status;
    }),
  );
  expect(statuses).toEqual([200, 200, 200]);

  const names = ['first', 'second', 'third', 'fourth'];
  for (const [index, name] of names.entries()) {
    const url = urls[[1, 0, 2, 1][index] ?? 0] ?? '';
    const made = await fetch(`${url}/api/agents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    });
    expect(made.status).toBe(201);
  }
  const { items } = await hub.ok('GET', '/api/agents?limit=200');
  expect(items.map((item: { name: string }) => item.name).slice(-4)).toEqual(names);
});

test('a session begun at one goes on at the others, and a way to sign in that was made at one serves at another', async () => {
  const visit = await setUp(hub);
  for (const url of urls) {
    const me = await fetch(`${url}/api/me`, { headers: { cookie: visit.cookie } });
    expect(me.status).toBe(200);
  }
});
