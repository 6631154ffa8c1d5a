// Every schema that there ever was, brought to today's with nothing lost, and a hub that works on it.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { modernClient } from '../gateway/agents.ts';
import { startHub } from '../support/hub.ts';
import { Visit } from '../support/people.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type Database, openDatabase } from './databases.ts';
import { dumpFile, readDump } from './dump.ts';
import { DIALECTS, MIGRATIONS, SCHEMAS, statementsOf, statementsOfSchema } from './schema-statements.ts';

const OPENER = fileURLToPath(new URL('../store/processes/open-and-store.ts', import.meta.url));
const EACH = SCHEMAS.flatMap((schema) => DIALECTS.map((dialect) => [schema.name, dialect, schema] as const));
const PAIRS = MIGRATIONS.slice(1).flatMap((name) => DIALECTS.map((dialect) => [name, dialect] as const));
/** Of the migrations themselves. */
const BOOKKEEPING = ['chatelaine_migrations', 'chatelaine_migration_lock'];

let root = '';
let postgres: TestPostgres;
beforeAll(async () => {
  [root, postgres] = await Promise.all([mkdtemp(join(tmpdir(), 'chatelaine-dumps-')), startPostgres()]);
});
afterAll(async () => {
  await postgres?.stop();
  await rm(root, { recursive: true, force: true });
});

/** A database that holds what this dump holds. */
async function load(name: string, dialect: 'sqlite' | 'postgres'): Promise<Database> {
  const database = await openDatabase(dialect, root, postgres);
  const dump = readDump(dialect, name);
  await database.run([...dump.schema, ...dump.rows]);
  return database;
}

test.each(EACH)('the schema of %s on %s has its dump (else run `npm run schema-dumps`)', (name, dialect) => {
  expect(existsSync(dumpFile(dialect, name))).toBe(true);
});

test.each(EACH)(
  'the migrations up to %s on %s are as they were when its dump was made',
  async (name, dialect, schema) => {
    const today = await statementsOfSchema(dialect, schema);
    const dumped = readDump(dialect, name).schema.filter((each) => !BOOKKEEPING.some((table) => each.includes(table)));
    expect(dumped).toEqual(today);
  },
);

describe.each(EACH)('a database with the schema of %s on %s', (name, dialect) => {
  test('comes to the present schema with nothing lost, and a hub works on it', async () => {
    const { facts } = readDump(dialect, name);
    Object.assign(process.env, facts.environment);
    const database = await load(name, dialect);
    const before = new Map(await database.rows());
    for (const [table, rows] of before) expect([table, rows.length > 0]).toEqual([table, true]);

    await (await openStore(database.location)).close();
    const after = await database.rows();
    // Its table is made anew; what it held was for a minute.
    if (name.startsWith('0006-mail')) before.delete('mail');
    for (const [table, rows] of before) {
      const columns = Object.keys(rows[0] ?? {});
      const kept = (after.get(table) ?? []).map((row) => JSON.stringify(columns.map((column) => row[column])));
      for (const row of rows) expect(kept).toContain(JSON.stringify(columns.map((column) => row[column])));
      // Beside it, the schema says for whom it serves.
      if (table !== 'meta') expect([table, kept.length]).toEqual([table, rows.length]);
    }
    // Who made it stands in the audit log.
    for (const token of after.get('api_tokens') ?? []) expect(token.created_by).toMatch(/^person:/);

    const hub = await startHub({
      folder: database.folder,
      background: false,
      env: { ...database.env, CHATELAINE_ENCRYPTION_KEYS: facts.encryptionKeys },
    });
    try {
      for (const { connectorId, agentId, headers } of facts.credentials) {
        expect((await hub.server.embedded.hub.resolve(connectorId, agentId)).headers).toEqual(headers);
      }
      for (const { kind, unreadable } of await hub.server.embedded.hub.keys.verify())
        expect([kind, unreadable]).toEqual([kind, 0]);
      const client = modernClient(`${hub.url}/mcp`, facts.agentKey);
      const { answer } = await client.request('tools/list');
      const listed = answer.result.tools.map((tool: { name: string }) => tool.name);
      for (const tool of facts.tools) expect(listed).toContain(tool);
      expect((await hub.ok('GET', '/api/audit')).items.length).toBeGreaterThan(5);
      if (before.has('calls'))
        expect((await hub.ok('GET', '/api/calls')).items.length).toBe(before.get('calls')?.length);
      if (before.has('auth_users')) {
        const { email, password } = facts;
        expect((await new Visit(hub).call('POST', '/api/sign-in', { email, password })).status).toBeLessThan(300);
      } else {
        expect(await hub.server.embedded.people.setup.newCode()).not.toBeNull();
      }
      expect((await hub.ok('POST', '/api/agents', { name: 'Made today' })).id).toMatch(/^agt_/);
    } finally {
      await hub.close();
    }
  });
});

test.each(DIALECTS)('three processes that find an old schema at once on %s migrate it once', async (dialect) => {
  const database = await load(MIGRATIONS[0] ?? '', dialect);
  const ids = ['agt_a', 'agt_b', 'agt_c'];
  const said = await Promise.all(
    ids.map((id) => promisify(execFile)(process.execPath, [OPENER, JSON.stringify(database.location), id])),
  );
  expect(said.map(({ stdout }) => stdout.trim())).toEqual(ids.map((id) => `stored ${id}`));
  const names = (await database.query('select name from chatelaine_migrations order by name')).map(({ name }) => name);
  expect(names).toEqual(MIGRATIONS);
});

describe('a migration leaves the version before it able to work', () => {
  /** What another version may meet that knows nothing of it. */
  function complaint(statement: string, made: ReadonlySet<string>): string | null {
    const table = /\b(?:table|on|into|update|from) "?(\w+)"?/.exec(statement)?.[1] ?? '';
    if (made.has(table) || /^(create index|create table|drop index) /.test(statement)) return null;
    if (/^(insert into|update|delete from) /.test(statement.trim())) return null;
    const added = /^alter table "\w+" add column "\w+" (.*)$/s.exec(statement)?.[1];
    if (added === undefined) return `changes what is there: ${statement}`;
    if (/\b(unique|references|check|primary key)\b/.test(added)) return `constrains what others write: ${statement}`;
    return /\bnot null\b/.test(added) && !/\bdefault\b/.test(added)
      ? `needs what others do not write: ${statement}`
      : null;
  }

  async function complaintsOf(statements: readonly string[]): Promise<string[]> {
    const made = new Set(statements.flatMap((each) => /^create table "(\w+)"/.exec(each)?.[1] ?? []));
    return statements.flatMap((statement) => complaint(statement, made) ?? []);
  }

  test.each(PAIRS)('%s on %s adds, and takes nothing away', async (name, dialect) => {
    expect(await complaintsOf(await statementsOf(dialect, name))).toEqual([]);
  });

  test.each([
    'alter table "agents" drop column "limits"',
    'alter table "agents" rename to "programs"',
    'alter table "agents" rename column "name" to "title"',
    'alter table "agents" alter column "enabled" type boolean',
    'alter table "agents" add column "team" text not null',
    'alter table "agents" add column "team" text default \'\' unique',
    'alter table "agents" add constraint "few" check (true)',
    'create unique index "one" on "agents" ("enabled")',
    'drop table "agents"',
  ])('and %s would be found', async (statement) => {
    expect(await complaintsOf([statement])).toHaveLength(1);
  });

  test.each(PAIRS)(
    'the rows of the version before are written, changed and removed on %s on %s',
    async (name, dialect) => {
      const database = await load(name, dialect);
      const before = MIGRATIONS[MIGRATIONS.indexOf(name) - 1] ?? '';
      const earlier = readDump(dialect, before).rows.filter(
        (each) => !BOOKKEEPING.some((table) => each.includes(table)),
      );
      const tables = [...new Set(earlier.flatMap((each) => /^insert into "(\w+)"/.exec(each)?.[1] ?? []))];
      const clear = tables.toReversed().map((table) => `delete from "${table}"`);
      await database.run([...clear, ...earlier]);
      const changes = earlier.flatMap((each) => {
        const [, table = '', columns = ''] = /^insert into "(\w+)" \(([^)]*)\)/.exec(each) ?? [];
        return table === ''
          ? []
          : [`update "${table}" set ${columns.split(',').map((column) => `${column} = ${column}`)}`];
      });
      await database.run([...new Set(changes), ...clear]);
      for (const table of tables)
        expect([table, await database.query(`select * from "${table}"`)]).toEqual([table, []]);
    },
  );
});
