// What becomes of a sign-in, a record and a disconnection when the database fails in the midst of them.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChatelaineError } from '../../src/errors.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { Browser } from '../support/browser.ts';
import { type Embedded, ME, startEmbedded } from '../support/embedded.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

const away = () =>
  new ChatelaineError('store_unavailable', 'The database is away.', { details: { retryAfterSeconds: 1 } });
let folder = '';
let store: Store;
let provider: RunningProvider;
let hub: Embedded;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatelaine-database-faults-'));
  store = await openStore({ kind: 'sqlite', file: join(folder, 'chatelaine.db') });
  provider = await startProvider('sentry');
});
afterEach(async () => {
  await hub.close();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

const make = () =>
  hub.hub.connectors.create({ name: 'Faulty', url: provider.mcpUrl, authType: 'oauth', credentialMode: 'shared' }, ME);
const signIn = async (id: string) =>
  new Browser().follow((await hub.hub.connectors.connect(id, { agentId: null, returnTo: null }, ME)).connectUrl);

test('a sign-in whose tokens the database takes at the second try is finished, and nothing is revoked', async () => {
  let tries = 0;
  const put: Store['credentials']['put'] = async (credential) => {
    tries += 1;
    // The first one is written, and nobody hears of it.
    if (tries === 1) {
      await store.credentials.put(credential);
      throw away();
    }
    if (tries === 2) throw away();
    return store.credentials.put(credential);
  };
  hub = await startEmbedded({ database: { ...store, credentials: { ...store.credentials, put } } });
  const { id } = await make();
  expect((await signIn(id)).url.searchParams.has('connected')).toBe(true);
  expect(tries).toBe(3);
  expect(provider.count('/revoke')).toBe(0);
  expect((await hub.hub.connectors.get(id)).credential.state).toBe('usable');
  expect(await hub.hub.connectors.request(id, { method: 'tools/list' }, ME)).toMatchObject({ resultType: 'complete' });
});

test('a sign-in that is stored and cannot be told of in the audit log keeps its tokens', async () => {
  const append: Store['audit']['append'] = async (record) => {
    if (record.action === 'credential.stored') throw away();
    await store.audit.append(record);
  };
  hub = await startEmbedded({ database: { ...store, audit: { ...store.audit, append } } });
  const { id } = await make();
  expect((await signIn(id)).url.searchParams.has('connected')).toBe(true);
  expect(provider.count('/revoke')).toBe(0);
  expect((await hub.hub.connectors.get(id)).credential.state).toBe('usable');
});

test('a line of the audit log that the database takes at the second try is there once', async () => {
  let tries = 0;
  const append: Store['audit']['append'] = async (record) => {
    tries += record.action === 'agent.created' ? 1 : 0;
    await store.audit.append(record);
    if (tries === 1 && record.action === 'agent.created') throw away();
  };
  hub = await startEmbedded({ database: { ...store, audit: { ...store.audit, append } } });
  await hub.hub.agents.create({ name: 'Ada' }, ME);
  expect(tries).toBe(2);
  const { items } = await hub.hub.audit.list({ action: 'agent.created' }, { limit: 10 });
  expect(items).toHaveLength(1);
});

test('what was read before a disconnection and arrived late is not remembered from its arrival on', async () => {
  let reads = 0;
  const held = Promise.withResolvers<void>();
  const find: Store['credentials']['find'] = async (...values) => {
    const found = await store.credentials.find(...values);
    reads += 1;
    if (reads === 1) await held.promise;
    return found;
  };
  hub = await startEmbedded({ database: store });
  const { id } = await make();
  await signIn(id);
  const slow = await startEmbedded({
    // The store is the other one's too, which closes it.
    database: { ...store, credentials: { ...store.credentials, find }, close: async () => undefined },
    encryptionKeys: hub.keys,
  });
  try {
    const late = slow.hub.resolve(id, null);
    await until('it was read', () => reads === 1);
    await hub.hub.connectors.disconnect(id, ME);
    slow.clock.ahead = 5_000;
    held.resolve();
    await late;
    await expect(slow.hub.resolve(id, null)).rejects.toMatchObject({ code: 'connect_required' });
  } finally {
    await slow.close();
  }
});
