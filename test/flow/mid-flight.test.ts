// What changes while something is under way: a connector under a flow, a credential under a refresh.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { miniServer, modern, result } from '../mcp/mini-server.ts';
import { Browser } from '../support/browser.ts';
import { type Embedded, ME, startEmbedded } from '../support/embedded.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

const MINUTE = 60_000;
let hub: Embedded;
let provider: RunningProvider;
beforeEach(async () => {
  [hub, provider] = await Promise.all([startEmbedded(), startProvider('sentry')]);
});
afterEach(async () => {
  await hub.close();
  await provider.close();
});

const make = (more: object = {}) =>
  hub.hub.connectors.create(
    { name: 'Changing', url: provider.mcpUrl, authType: 'oauth', credentialMode: 'shared', ...more },
    ME,
  );
const link = async (id: string) =>
  (await hub.hub.connectors.connect(id, { agentId: null, returnTo: null }, ME)).connectUrl;
const connect = async (id: string) => new Browser().follow(await link(id));
const credential = async (id: string) => (await hub.hub.connectors.get(id)).credential;
const list = (id: string) => hub.hub.connectors.request(id, { method: 'tools/list' }, ME);
const tokenRequests = (grant: string) =>
  provider.requests.filter((request) => request.path === '/token' && request.body.includes(`grant_type=${grant}`))
    .length;
const json = (status: number, body: string) => ({ status, headers: { 'content-type': 'application/json' }, body });

test('a sign-in begun for one server does not end at another to which the connector was moved meanwhile', async () => {
  const other = await startProvider('granola');
  try {
    const made = await make();
    const browser = new Browser();
    const back = await browser.follow(await link(made.id), (next) => next.pathname === '/oauth/callback');
    await hub.hub.connectors.update(made.id, { url: other.mcpUrl }, ME);
    other.clearRequests();
    await browser.follow(back.url.href);
    expect(other.requests.filter((request) => request.headers.authorization !== undefined)).toEqual([]);
    expect((await credential(made.id)).configured).toBe(false);
  } finally {
    await other.close();
  }
});

test('a refusal of the old authorization says nothing about the one that replaced it', async () => {
  provider.faults.noRefreshToken = true;
  const made = await make();
  await connect(made.id);
  const old = await hub.hub.resolve(made.id, null);
  await connect(made.id);
  await hub.hub.resolve(made.id, null, { refused: old }).catch(() => undefined);
  expect((await credential(made.id)).state).toBe('usable');
});

test('a refresh that failed for the moment does not condemn a caller whose token was refused', async () => {
  provider.faults.accessTokenSeconds = 600;
  const made = await make();
  await connect(made.id);
  const refused = await hub.hub.resolve(made.id, null);
  hub.clock.ahead = 6 * MINUTE;
  provider.faults.answer = { token: json(503, '{}') };
  const [due, forced] = await Promise.allSettled([
    hub.hub.resolve(made.id, null),
    hub.hub.resolve(made.id, null, { refused }),
  ]);
  expect(due).toMatchObject({ status: 'fulfilled', value: { generation: refused.generation } });
  expect(forced).toMatchObject({ status: 'rejected', reason: { code: 'upstream_unreachable' } });
  expect(tokenRequests('refresh_token')).toBe(1);
  expect((await credential(made.id)).state).toBe('usable');
});

test('metadata that is gone for a moment is no move to another authorization server', async () => {
  const made = await make();
  await connect(made.id);
  await provider.expireAccessTokens();
  const gone = { status: 404, body: 'not found' };
  provider.faults.answer = { resourceMetadata: gone, serverMetadata: gone };
  provider.faults.challenge = { raw: 'Bearer' };
  await list(made.id);
  expect(await credential(made.id)).toMatchObject({ state: 'usable' });
  expect((await hub.hub.connectors.get(made.id)).oauth).toMatchObject({ discovery: 'protected_resource_metadata' });
  expect(tokenRequests('refresh_token')).toBe(1);
});

test('an authorization server whose metadata went wrong keeps nobody from a token that is still valid', async () => {
  const made = await make();
  provider.faults.accessTokenSeconds = 100 * 60;
  await connect(made.id);
  hub.clock.ahead = 97 * MINUTE;
  provider.faults.noCodeChallengeMethods = true;
  await hub.hub.resolve(made.id, null);
  provider.clearRequests();
  await hub.hub.resolve(made.id, null, { slot: 'active' });
  expect(provider.requests).toEqual([]);
});

test('a client that the operator must correct ends no authorization: it goes on once it is corrected', async () => {
  const { clientId, clientSecret } = await provider.registerClient({ redirectUris: [`${hub.url}/oauth/callback`] });
  const made = await make({ oauth: { clientId, clientSecret } });
  await connect(made.id);
  await provider.expireAccessTokens();
  await hub.hub.connectors.update(made.id, { oauth: { clientSecret: 'mistyped' } }, ME);
  await expect(list(made.id)).rejects.toMatchObject({ code: 'client_rejected' });
  await hub.hub.connectors.update(made.id, { oauth: { clientSecret } }, ME);
  hub.clock.ahead = MINUTE;
  await list(made.id);
});

test('a change that is refused drops no credential', async () => {
  await make({ name: 'Taken', authType: 'none', credentialMode: undefined });
  const made = await make();
  await connect(made.id);
  await expect(
    hub.hub.connectors.update(made.id, { name: 'Taken', url: 'https://elsewhere.example/mcp' }, ME),
  ).rejects.toMatchObject({ code: 'conflict' });
  expect((await credential(made.id)).configured).toBe(true);
});

test('trying an older revision does not make the hub speak it from then on', async () => {
  const oauth = await make({ name: 'Pinned' });
  await connect(oauth.id);
  const before = (await hub.hub.connectors.get(oauth.id)).server;
  await hub.hub.connectors.request(oauth.id, { method: 'tools/list', protocolVersion: '2025-03-26' }, ME);
  expect((await hub.hub.connectors.get(oauth.id)).server.protocolVersion).toBe(before.protocolVersion);
  await hub.hub.connectors
    .request(oauth.id, { method: 'tools/list', protocolVersion: '1999-01-01' }, ME)
    .catch(() => undefined);
  expect((await hub.hub.connectors.get(oauth.id)).server.reachable).toBe(true);
});

test('a request that carried a secret which was replaced meanwhile is made again with the new one', async () => {
  const held = Promise.withResolvers<void>();
  const server = await miniServer(
    modern((seen, response) => {
      if (seen.rpc.method !== 'tools/list') return false;
      if (seen.headers.authorization === 'Bearer new-secret-0123456789') {
        result(response, seen, { resultType: 'complete', tools: [] });
      } else void held.promise.then(() => response.writeHead(401).end());
      return true;
    }),
  );
  const made = await make({ name: 'Replaced', url: server.url, authType: 'bearer', secret: 'old-secret-0123456789' });
  const listing = list(made.id);
  await until('the old one was sent', () => server.of('tools/list').length > 0);
  await hub.hub.connectors.update(made.id, { secret: 'new-secret-0123456789' }, ME);
  held.resolve();
  await listing;
  expect((await credential(made.id)).state).toBe('usable');
});

test('disconnecting ends the stream that listens with the credential', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-listening-'));
  const store = await openStore({ kind: 'sqlite', file: join(folder, 'chatelaine.db') });
  const ended: string[] = [];
  const release: typeof store.leases.release = (name, holder) => {
    ended.push(name);
    return store.leases.release(name, holder);
  };
  const listening = await startEmbedded({
    background: true,
    database: { ...store, leases: { ...store.leases, release } },
  });
  try {
    const { connectors } = listening.hub;
    const made = await connectors.create(
      { name: 'Heard', url: provider.mcpUrl, authType: 'oauth', credentialMode: 'shared' },
      ME,
    );
    await new Browser().follow((await connectors.connect(made.id, { agentId: null, returnTo: null }, ME)).connectUrl);
    await until('it listens', () => provider.requests.some((request) => request.body.includes('subscriptions/listen')));
    ended.length = 0;
    await connectors.disconnect(made.id, ME);
    await until('it listens no more', () => ended.includes(`watch:${made.id}`));
  } finally {
    await listening.close();
    await rm(folder, { recursive: true, force: true });
  }
});

describe('an issuer entered by hand', () => {
  test('may be spelled with a slash more than the server does', async () => {
    const { clientId, clientSecret } = await provider.registerClient({ redirectUris: [`${hub.url}/oauth/callback`] });
    // The stand-in spells its own without.
    const issuer = `${provider.issuer}/`;
    const made = await make({ oauth: { clientId, clientSecret, issuer } });
    await connect(made.id);
    expect((await credential(made.id)).state).toBe('usable');
  });
});
