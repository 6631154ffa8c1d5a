// Many tokens that end in the same minute: renewed in time, each once, a few at once for each authorization server,
// while calls go on; by one process on SQLite, and by several on PostgreSQL together.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHub, type EmbeddedHub } from '../../src/server/create-hub.ts';
import { openStore, type StoreLocation } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { generateKey, parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';
import { fleetRows, startTokenServer, storeFleetConnector, type TokenServer } from '../support/fleet.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const MINUTE = 60_000;
/** Long enough that more than eight would meet at the provider, if they were let. */
const ANSWER_AFTER_MS = 20;
const AT_ONCE_MOST = 8;

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

async function makeFleet(
  location: StoreLocation | Store,
  hubs: number,
  tokens: TokenServer,
  fleet: { name: string; count: number; expiresAt: number },
): Promise<{ open: EmbeddedHub[]; store: Store; ids: string[] }> {
  const keys = generateKey();
  const store = 'connectors' in location ? location : await openStore(location);
  const whole = { ...fleet, issuer: tokens.issuer, url: 'http://127.0.0.1:9/mcp' };
  const open: EmbeddedHub[] = [];
  for (let i = 0; i < hubs; i += 1)
    open.push(
      await createHub({
        url: 'http://127.0.0.1:4100',
        database: location,
        encryptionKeys: keys,
        allowedPrivateHosts: '127.0.0.1',
        background: false,
      }),
    );
  const { id } = await storeFleetConnector(store, whole);
  const ids: string[] = [];
  for await (const { agentId, credential } of fleetRows(createVault(parseKeyring(keys)), whole)) {
    const limits = { callsPerMinute: null, callsInFlight: null };
    const at = Date.now();
    await store.agents.insert({ id: agentId, name: agentId, enabled: true, limits, createdAt: at, updatedAt: at });
    await store.credentials.put({ ...credential, connectorId: id });
    ids.push(credential.id);
  }
  return { open, store, ids };
}

describe.each([
  { kind: 'sqlite', hubs: 1 },
  { kind: 'postgres', hubs: 3 },
] as const)('a fleet on $kind, with $hubs processes', ({ kind, hubs }) => {
  const COUNT = 120;
  const place = async (): Promise<StoreLocation | Store> =>
    kind === 'postgres'
      ? { kind: 'postgres', url: await postgres.createDatabase() }
      : openStore({ kind: 'sqlite', file: ':memory:' });

  test('is renewed once each, never more than eight at once, while calls of its agents go on', async () => {
    const tokens = await startTokenServer(ANSWER_AFTER_MS);
    const expiresAt = Date.now() + 4 * MINUTE;
    const { open, store, ids } = await makeFleet(await place(), hubs, tokens, {
      name: 'fleet',
      count: COUNT,
      expiresAt,
    });
    try {
      const rounds = open.map(({ hub }) => hub.maintain());
      // Their tokens are due, but valid: nobody may be made to wait for the line.
      let isOver = false;
      const calling = (async () => {
        for (let i = 0; !isOver; i += 1) {
          const agentId = `agt_fleet${String((i * 7) % COUNT).padStart(8, '0')}`;
          const { headers } = await (open[i % hubs] as EmbeddedHub).hub.resolve('con_fleet', agentId);
          expect(headers.authorization).toMatch(/^Bearer at-/);
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      })();
      await Promise.all(rounds);
      isOver = true;
      await calling;
      expect(tokens.presented.size).toBe(COUNT);
      expect([...tokens.presented.values()].filter((times) => times > 1)).toEqual([]);
      expect(tokens.most()).toBeLessThanOrEqual(AT_ONCE_MOST);
      expect(tokens.most()).toBeGreaterThan(AT_ONCE_MOST / 2);
      for (const id of ids) {
        const renewed = await store.credentials.get(id);
        expect(renewed).toMatchObject({ generation: 2, state: 'ok', refreshFailures: 0 });
        expect(renewed?.refreshedAt).toBeLessThan(expiresAt);
      }
    } finally {
      await Promise.all(open.map((each) => each.close()));
      if (kind === 'postgres') await store.close();
      await tokens.close();
    }
  }, 120_000);

  test('does not wait for another fleet whose authorization server hangs', async () => {
    const [hanging, well] = await Promise.all([startTokenServer(15_000), startTokenServer(ANSWER_AFTER_MS)]);
    const location = await place();
    const slow = await makeFleet(location, 0, hanging, { name: 'slow', count: 30, expiresAt: Date.now() + MINUTE });
    const later = { name: 'well', count: 30, expiresAt: Date.now() + 2 * MINUTE };
    const { open, store, ids } = await makeFleet(location, 1, well, later);
    const [{ hub }] = open as [EmbeddedHub];
    try {
      const round = hub.maintain();
      const renewed = async (): Promise<boolean> => {
        const all = await Promise.all(ids.map((id) => store.credentials.get(id)));
        return all.every((credential) => credential?.generation === 2);
      };
      await until('the fleet that is well is renewed', renewed);
      expect(hanging.lastAt()).toBe(0);
      expect(hanging.most()).toBeLessThanOrEqual(AT_ONCE_MOST);
      await hanging.close();
      await Promise.all([round.catch(() => undefined), ...open.map((each) => each.close())]);
    } finally {
      if (kind === 'postgres') await Promise.all([store.close(), slow.store.close()]);
      await well.close();
    }
  }, 120_000);
});
