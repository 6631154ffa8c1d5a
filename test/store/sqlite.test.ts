import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoreLocation } from '../../src/store/open-store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { agent, credential, storedConnector } from './conformance/fixtures.ts';
import { describeStore } from './conformance.ts';

let folder = '';
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatelaine-store-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function newFile(): string {
  files += 1;
  return join(folder, `${files}`, 'chatelaine.db');
}

function onFile<T>(location: StoreLocation, run: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(location.kind === 'sqlite' ? location.file : '');
  try {
    return run(database);
  } finally {
    database.close();
  }
}

describe('SQLite', () => {
  describeStore({
    createLocation: async () => ({ kind: 'sqlite', file: newFile() }),
    runSql: async (location, sql) => onFile(location, (database) => database.exec(sql)),
    verify: async (location) =>
      onFile(location, (database) => {
        expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
        expect(database.prepare('pragma foreign_key_check').all()).toEqual([]);
      }),
  });

  test('the database is made for its owner alone', async () => {
    const file = newFile();
    const store = await openStore({ kind: 'sqlite', file });
    await store.agents.insert(agent());
    for (const suffix of ['', '-wal', '-shm']) expect((await stat(file + suffix)).mode & 0o777).toBe(0o600);
    await store.close();
  });

  test('commits are flushed to the disk and foreign keys hold', async () => {
    const file = newFile();
    const store = await openStore({ kind: 'sqlite', file });
    // A trigger sees the settings of the connection that writes.
    onFile({ kind: 'sqlite', file }, (database) =>
      database.exec(`create trigger note after insert on agents begin
        insert into meta select 'synchronous', synchronous from pragma_synchronous;
        insert into meta select 'foreign_keys', foreign_keys from pragma_foreign_keys;
        insert into meta select 'journal_mode', journal_mode from pragma_journal_mode;
      end`),
    );
    await store.agents.insert(agent());
    const FULL = '2';
    expect(await store.meta.get('synchronous')).toBe(FULL);
    expect(await store.meta.get('foreign_keys')).toBe('1');
    expect(await store.meta.get('journal_mode')).toBe('wal');
    await store.close();
  });

  test('a deleted secret does not stay in the file', async () => {
    const file = newFile();
    const store = await openStore({ kind: 'sqlite', file });
    const { id } = await storedConnector(store);
    const record = credential(id, { sealed: 'a ciphertext to be forgotten' });
    await store.credentials.put(record);
    await store.credentials.delete(record.id);
    await store.close();
    expect((await readFile(file)).includes(record.sealed)).toBe(false);
  });

  test('a write waits for another process without stopping this one', async () => {
    const file = newFile();
    const store = await openStore({ kind: 'sqlite', file });
    const other = new DatabaseSync(file);
    other.exec('begin immediate');
    let written = false;
    const write = store.agents.insert(agent()).then(() => {
      written = true;
    });
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    expect(written).toBe(false);
    other.exec('commit');
    other.close();
    await write;
    expect((await store.agents.list({ limit: 5 })).items).toHaveLength(1);
    await store.close();
  });

  test('reads go on while another process writes', async () => {
    const file = newFile();
    const store = await openStore({ kind: 'sqlite', file });
    const record = agent();
    await store.agents.insert(record);
    const other = new DatabaseSync(file);
    other.exec("begin immediate; update agents set name = 'unseen'");
    expect(await store.agents.get(record.id)).toEqual(record);
    other.exec('rollback');
    other.close();
    await store.close();
  });

  test.each([
    ['a folder', (file: string) => mkdir(file, { recursive: true })],
    [
      'no database',
      async (file: string) => {
        await mkdir(join(file, '..'), { recursive: true });
        await writeFile(file, 'something else entirely, and long enough to be looked at as a database header');
      },
    ],
  ])('a file that is %s is refused as store_unavailable', async (_, make) => {
    const file = newFile();
    await make(file);
    await expect(openStore({ kind: 'sqlite', file })).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
