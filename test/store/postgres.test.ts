import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoreLocation } from '../../src/store/open-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { startPostgres } from '../support/postgres.ts';
import { agent, credential, NOW, storedAgent, storedConnector, tool } from './conformance/fixtures.ts';
import { describeStore } from './conformance.ts';

const OURS = "application_name = 'chatelaine' and datname = current_database()";

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres.stop();
});

async function runSql(location: StoreLocation, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: location.kind === 'postgres' ? location.url : '' });
  await client.connect();
  return client.query(sql).finally(() => client.end());
}
const createLocation = async () =>
  ({ kind: 'postgres', url: await postgres.createDatabase(), maxConnections: 5 }) as const;

/** Holds `sql` in an open transaction; `blocked` resolves when a store waits for it. */
async function block(location: StoreLocation, sql: string) {
  const blocker = new pg.Client({ connectionString: location.kind === 'postgres' ? location.url : '' });
  await blocker.connect();
  await blocker.query(`begin; ${sql}`);
  const blocked = async () => {
    const waiting = `select 1 from pg_stat_activity where ${OURS} and wait_event_type = 'Lock'`;
    while ((await blocker.query(waiting)).rows.length === 0);
  };
  return { blocker, blocked };
}

describe('PostgreSQL', () => {
  describeStore({
    createLocation,
    runSql: async (location, sql) => {
      await runSql(location, sql);
    },
    // The server did not die; only its client did.
    verify: async () => undefined,
  });

  test('a hundred calls share a pool of two connections', async () => {
    const location = { ...(await createLocation()), maxConnections: 2 };
    const store = await openStore(location);
    const calls = Array.from({ length: 100 }, (_, i) => store.leases.acquire(`lease ${i}`, 'holder', NOW, 1_000));
    expect(await Promise.all(calls)).not.toContain(false);
    const { rows } = await runSql(location, `select count(*)::int as n from pg_stat_activity where ${OURS}`);
    expect(rows[0].n).toBeLessThanOrEqual(2);
    await store.close();
  });

  test('connections that the server cuts are replaced, and a call under way is told', async () => {
    const location = { ...(await createLocation()), maxConnections: 1 };
    const store = await openStore(location);
    const { blocker, blocked } = await block(location, 'lock table agents in access exclusive mode');
    const waiting = store.agents.get('agt_1').catch((error: unknown) => error);
    await blocked();
    await blocker.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${OURS}`);
    expect(await waiting).toMatchObject({ code: 'store_unavailable' });
    expect(await store.meta.get('canary')).toBeNull();
    await blocker.end();
    await store.close();
  });

  test('a network that breaks in the middle of a call is told, and the next call connects anew', async () => {
    const location = await createLocation();
    const server = new URL(location.url);
    const sockets = new Set<Socket>();
    const proxy = createServer((near) => {
      const far = connect(Number(server.port), server.hostname);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const url = new URL(location.url);
    url.port = String((proxy.address() as AddressInfo).port);
    const store = await openStore({ ...location, url: url.href });
    const { blocker, blocked } = await block(location, 'lock table agents in access exclusive mode');
    const waiting = store.agents.delete('agt_1').catch((error: unknown) => error);
    await blocked();
    for (const socket of sockets) socket.resetAndDestroy();
    expect(await waiting).toMatchObject({ code: 'store_unavailable' });
    expect(await store.meta.get('canary')).toBeNull();
    await blocker.end();
    await store.close();
    proxy.close();
  });

  test('a pending credential that is deleted while it is promoted leaves the active one', async () => {
    const location = await createLocation();
    const store = await openStore(location);
    const { id } = await storedConnector(store);
    const [active, pending] = [credential(id), credential(id, { slot: 'pending' })];
    await store.credentials.put(active);
    await store.credentials.put(pending);
    const { blocker, blocked } = await block(location, `delete from credentials where id = '${pending.id}'`);
    const promoting = store.credentials.promote(pending.id);
    await blocked();
    await blocker.query('commit');
    expect(await promoting).toEqual({ promoted: false, replaced: null });
    expect(await store.credentials.listByConnector(id)).toEqual([active]);
    await blocker.end();
    await store.close();
  });

  test('a tool that another owner begins to list while its last owner leaves stays active', async () => {
    const location = await createLocation();
    const store = await openStore(location);
    const { id } = await storedConnector(store);
    const leaving = await storedAgent(store);
    await store.tools.saveSnapshot(id, leaving.id, [tool('a')], NOW);
    const { blocker, blocked } = await block(
      location,
      `select id from connectors for no key update; insert into tool_listings values ('${id}', 'a', '')`,
    );
    const deleting = store.agents.delete(leaving.id);
    await blocked();
    await blocker.query('commit');
    expect(await deleting).toBe(true);
    expect(await store.tools.get(id, 'a')).toMatchObject({ state: 'active', listedBy: [''] });
    await blocker.end();
    await store.close();
  });

  test('commits are flushed even where the server is set to be lax', async () => {
    const location = await createLocation();
    const lax = 'alter database %I set synchronous_commit = off';
    await runSql(location, `do $$ begin execute format('${lax}', current_database()); end $$`);
    const store = await openStore(location);
    // A trigger sees the settings of the connection that writes.
    await runSql(
      location,
      `create function note() returns trigger language plpgsql as $$ begin
         insert into meta values ('seen', current_setting('synchronous_commit')); return new; end $$;
       create trigger note before insert on agents for each row execute function note()`,
    );
    await store.agents.insert(agent());
    expect(await store.meta.get('seen')).toBe('on');
    await store.close();
  });

  test.each([
    [
      'nobody listens',
      (url: URL) => {
        url.port = '1';
      },
    ],
    [
      'the password is wrong',
      (url: URL) => {
        url.password = 'hunter2';
      },
    ],
    [
      'the database does not exist',
      (url: URL) => {
        url.pathname = '/absent';
      },
    ],
  ])('where %s, the store is unavailable and the error keeps the password', async (_, spoil) => {
    const url = new URL(postgres.url);
    spoil(url);
    const error = await openStore({ kind: 'postgres', url: url.href }).catch((each: unknown) => each);
    expect(error).toMatchObject({ code: 'store_unavailable' });
    expect(String(error)).not.toContain(url.password);
  });

  test('a URL that is none is refused as a setting', async () => {
    await expect(openStore({ kind: 'postgres', url: 'db.example.com' })).rejects.toMatchObject({
      code: 'invalid_settings',
    });
  });

  test('text that PostgreSQL cannot hold is refused as the caller’s mistake', async () => {
    const store = await openStore(await createLocation());
    await expect(store.agents.insert(agent({ name: 'a\u0000b' }))).rejects.toMatchObject({ code: 'invalid_request' });
    await store.close();
  });
});
