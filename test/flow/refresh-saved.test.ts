// Tokens that came and could not be written yet: the provider has spent the old refresh token, so they must not be lost.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChatelaineError } from '../../src/errors.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { generateKey } from '../../src/vault/keyring.ts';
import { Browser } from '../support/browser.ts';
import { type Embedded, ME, startEmbedded } from '../support/embedded.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

const MINUTE = 60_000;
let folder = '';
let file = '';
let provider: RunningProvider;
let hub: Embedded;
/** Whether the database of `hub` takes tokens; asked at each try. */
let takes: () => boolean;
const encryptionKeys = generateKey();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatelaine-saved-'));
  file = join(folder, 'chatelaine.db');
  takes = () => true;
  provider = await startProvider('sentry', { accessTokenSeconds: 200 });
  const store = await openStore({ kind: 'sqlite', file });
  hub = await startEmbedded({ encryptionKeys, database: reluctant(store) });
});
afterEach(async () => {
  await hub.close();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

function reluctant(store: Store): Store {
  const update: Store['credentials']['update'] = async (id, generation, patch) => {
    if (patch.sealed !== undefined && !takes())
      throw new ChatelaineError('store_unavailable', 'The database takes nothing at the moment.');
    return store.credentials.update(id, generation, patch);
  };
  return { ...store, credentials: { ...store.credentials, update } };
}

async function connected(): Promise<string> {
  const { id } = await hub.hub.connectors.create(
    { name: 'Saved', url: provider.mcpUrl, authType: 'oauth', credentialMode: 'shared' },
    ME,
  );
  await new Browser().follow((await hub.hub.connectors.connect(id, { agentId: null, returnTo: null }, ME)).connectUrl);
  provider.faults.accessTokenSeconds = 3600;
  provider.clearRequests();
  return id;
}

test('are tried again for as long as the process lives', async () => {
  const id = await connected();
  let refusals = 0;
  takes = () => {
    refusals += 1;
    return refusals > 9;
  };
  await hub.hub.resolve(id, null).catch(() => undefined);
  await until('they are saved', () => takes());
  await hub.hub.resolve(id, null, { slot: 'active' });
  expect(provider.count('/token', 'POST')).toBe(1);
  expect((await hub.hub.connectors.get(id)).credential).toMatchObject({ state: 'usable', reason: null });
});

test('are told in the audit log though nobody waited any more when they were saved', async () => {
  const id = await connected();
  const refreshed = async (): Promise<number> =>
    (await hub.hub.audit.list({}, { limit: 50 })).items.filter(({ action }) => action === 'credential.refreshed')
      .length;
  const before = await refreshed();
  takes = () => false;
  // The present token serves meanwhile.
  await hub.hub.resolve(id, null);
  expect(provider.count('/token', 'POST')).toBe(1);
  expect(await refreshed()).toBe(before);
  takes = () => true;
  await until('it is told', async () => (await refreshed()) === before + 1);
  await hub.hub.resolve(id, null);
  expect(provider.count('/token', 'POST')).toBe(1);
});

test('are given a moment by whoever takes over, whose own try would end the authorization', async () => {
  const id = await connected();
  let isTakenOver = false;
  takes = () => isTakenOver;
  const refreshing = hub.hub.resolve(id, null);
  await until('the provider has answered', () =>
    provider.requests.some(({ path, status }) => path === '/token' && status === 200),
  );

  const store = await openStore({ kind: 'sqlite', file });
  const acquire: Store['leases']['acquire'] = async (...values) => {
    const got = await store.leases.acquire(...values);
    isTakenOver ||= got && values[0].startsWith('refresh:');
    return got;
  };
  const other = await startEmbedded({ encryptionKeys, database: { ...store, leases: { ...store.leases, acquire } } });
  try {
    // By its clock the lease of the first one has lapsed.
    other.clock.ahead = MINUTE;
    const [mine, theirs] = await Promise.all([refreshing, other.hub.resolve(id, null)]);
    expect(isTakenOver).toBe(true);
    expect(theirs.generation).toBe(mine.generation);
    expect(provider.count('/token', 'POST')).toBe(1);
    expect((await hub.hub.connectors.get(id)).credential.state).toBe('usable');
  } finally {
    await other.close();
  }
});
