import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { StoreLocation } from '../../../src/store/open-store.ts';
import { openStore } from '../../../src/store/open-store.ts';
import type { Backend } from './backend.ts';
import { agent } from './fixtures.ts';

const OPENER = fileURLToPath(new URL('../processes/open-and-store.ts', import.meta.url));

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

    test('of a newer version are refused at open, and nothing is touched', async () => {
      const location = await backend.createLocation();
      await (await openStore(location)).close();
      await backend.runSql(
        location,
        "insert into chatelaine_migrations values ('9999-later', '2030-01-01T00:00:00.000Z')",
      );
      await expect(openStore(location)).rejects.toMatchObject({
        code: 'store_unavailable',
        message: expect.stringContaining('newer version'),
      });
    });

    test('leave a closed store that says so', async () => {
      const store = await openStore(await backend.createLocation());
      await store.close();
      await expect(store.ping()).rejects.toMatchObject({ code: 'store_unavailable' });
      await expect(store.agents.get('agt_1')).rejects.toMatchObject({ code: 'store_unavailable' });
    });
  });
}
