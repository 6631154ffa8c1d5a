import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { StoreLocation } from '../../../src/store/open-store.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { migrationsFor } from '../../../src/store/sql/migrations/index.ts';
import type { Backend } from './backend.ts';
import { agent } from './fixtures.ts';

const OPENER = fileURLToPath(new URL('../processes/open-and-store.ts', import.meta.url));

const NEWEST = Object.keys(migrationsFor('sqlite')).at(-1) ?? '';

/** The name of a migration that nobody has written yet. */
const later = (steps: number): string => `${String(Number.parseInt(NEWEST, 10) + steps).padStart(4, '0')}-made-up`;
const applied = (name: string): string =>
  `insert into chatelaine_migrations values ('${name}', '2030-01-01T00:00:00.000Z')`;

/** Another process opens the store, stores an agent and says so. */
async function openElsewhere(location: StoreLocation, agentId: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [OPENER, JSON.stringify(location), agentId]);
  return stdout.trim();
}

export function describeMigrations(backend: Backend): void {
  describe('migrations', () => {
    test('run once: a store opened again has its records', async () => {
      const location = await backend.createLocation();
      const first = await openStore(location);
      const record = agent();
      await first.agents.insert(record);
      await first.close();
      const second = await openStore(location);
      await second.ping();
      expect(await second.agents.get(record.id)).toEqual(record);
      await second.close();
    });

    test('of several processes that start together do not clash', async () => {
      const location = await backend.createLocation();
      const ids = ['agt_a', 'agt_b', 'agt_c'];
      const said = await Promise.all(ids.map((id) => openElsewhere(location, id)));
      expect(said).toEqual(ids.map((id) => `stored ${id}`));
      const store = await openStore(location);
      expect((await store.agents.list({ limit: 10 })).items.map((each) => each.id)).toEqual(ids);
      await store.close();
    });

    test('of several stores that one process opens together do not clash', async () => {
      const location = await backend.createLocation();
      const stores = await Promise.all([openStore(location), openStore(location), openStore(location)]);
      await Promise.all(stores.map((store) => store.ping()));
      await Promise.all(stores.map((store) => store.close()));
    });

    test('that are missing make the store not ready', async () => {
      const location = await backend.createLocation();
      const store = await openStore(location);
      await backend.runSql(location, 'delete from chatelaine_migrations');
      await expect(store.ping()).rejects.toMatchObject({ code: 'store_unavailable' });
      await store.close();
    });

    test('of more than one version ahead are refused at open and make the store not ready', async () => {
      const location = await backend.createLocation();
      const store = await openStore(location);
      await backend.runSql(location, applied('9999-later'));
      const refusal = { code: 'store_unavailable', message: expect.stringContaining('newer version') };
      await expect(openStore(location)).rejects.toMatchObject(refusal);
      await expect(store.ping()).rejects.toMatchObject(refusal);
      await store.close();
    });

    test('of the next version leave this one serving, whoever opens first', async () => {
      const location = await backend.createLocation();
      const store = await openStore(location);
      const [first, second] = [agent(), agent()];
      await store.agents.insert(first);
      await backend.runSql(location, 'alter table agents add column team text');
      await backend.runSql(location, 'create table teams (id text primary key)');
      await backend.runSql(location, applied(later(1)));
      await store.ping();
      expect(await store.agents.get(first.id)).toMatchObject(first);
      const restarted = await openStore(location);
      await restarted.ping();
      await restarted.agents.insert(second);
      expect(await store.agents.update(second.id, { name: 'Renamed' })).toMatchObject({ name: 'Renamed' });
      await Promise.all([store.close(), restarted.close()]);
    });

    test('of the next version may be several, when it says from where on its schema serves', async () => {
      const location = await backend.createLocation();
      const store = await openStore(location);
      for (const step of [1, 2]) await backend.runSql(location, applied(later(step)));
      await expect(store.ping()).rejects.toMatchObject({ code: 'store_unavailable' });
      const says = (from: string) => `update meta set value = '${from} ${later(2)}' where key = 'schema.serves_from'`;
      await backend.runSql(location, says(NEWEST));
      await store.ping();
      await (await openStore(location)).close();
      await backend.runSql(location, says(later(1)));
      await expect(store.ping()).rejects.toMatchObject({ message: expect.stringContaining('more than one version') });
      await store.close();
    });

    test('leave a closed store that says so', async () => {
      const store = await openStore(await backend.createLocation());
      await store.close();
      await expect(store.ping()).rejects.toMatchObject({ code: 'store_unavailable' });
      await expect(store.agents.get('agt_1')).rejects.toMatchObject({ code: 'store_unavailable' });
    });
  });
}
