// `npm run schema-dumps`: writes the dumps that are not there yet, of the newest migrations. Run it when a migration
// was added, in the same commit. What is there is never written again: it is what databases out there look like.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SERVES_FROM_KEY } from '../../src/store/sql/migrate.ts';
import { tablesOf } from '../../src/store/sql/move-rows.ts';
import type { Dialect } from '../../src/store/sql/schema.ts';
import { dumpFile, dumpText, insertOf, type Row, type Rows } from './dump.ts';
import { playScene } from './scene.ts';
import { DIALECTS, SCHEMAS, type Schema, statementsOfSchema } from './schema-statements.ts';

const BOOKKEEPING = [
  'create table "chatelaine_migrations" ("name" varchar(255) not null primary key, "timestamp" varchar(255) not null)',
  'create table "chatelaine_migration_lock" ("id" varchar(255) not null primary key, "is_locked" integer default 0 not null)',
];

async function write(schemas: readonly Schema[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'chatelaine-scene-'));
  try {
    const { rows, facts } = await playScene(join(folder, 'scene.db'));
    for (const each of schemas) {
      for (const dialect of DIALECTS) {
        const schema = [...BOOKKEEPING, ...(await statementsOfSchema(dialect, each))];
        const title = `The schema of ${each.name} on ${dialect}, with rows in every table.`;
        const statements = [...bookkeepingRows(each), ...(await insertsOf(dialect, each, rows))];
        writeFileSync(dumpFile(dialect, each.name), dumpText(title, { facts, schema, rows: statements }));
        console.log(`${dumpFile(dialect, each.name)}: ${statements.length} rows`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function bookkeepingRows({ made }: Schema): string[] {
  return [
    `insert into "chatelaine_migration_lock" ("id", "is_locked") values ('migration_lock', 0)`,
    ...made.map(
      ({ remembered }) => `insert into "chatelaine_migrations" values ('${remembered}', '2026-11-25T00:00:00.000Z')`,
    ),
  ];
}

/** Of each row the columns that this schema has. @throws when a table would stay empty */
async function insertsOf(dialect: Dialect, schema: Schema, rows: Rows): Promise<string[]> {
  const database = new DatabaseSync(':memory:');
  for (const statement of await statementsOfSchema('sqlite', schema)) database.exec(statement);
  const inserts: string[] = [];
  for (const { name: table, columns } of tablesOf(database)) {
    const known = (rows.get(table) ?? []).filter((row) => !isOfMigration(table, row));
    if (known.length === 0) throw new Error(`The scene leaves ${table} empty: let it write there (scene.ts).`);
    // The migration itself wrote this one row.
    if (table === 'revisions') inserts.push(`delete from "revisions"`);
    for (const row of known) {
      inserts.push(
        insertOf(dialect, table, Object.fromEntries(columns.map((column) => [column, row[column] ?? null]))),
      );
    }
  }
  database.close();
  return inserts;
}

const isOfMigration = (table: string, row: Row): boolean => table === 'meta' && row.key === SERVES_FROM_KEY;

const wanting = SCHEMAS.filter(({ name }) => DIALECTS.some((dialect) => !existsSync(dumpFile(dialect, name))));
if (wanting.length === 0) console.log('Every migration has its dumps.');
else await write(wanting);
