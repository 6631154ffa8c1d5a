// Databases of either kind for raw SQL: filled by statements, read back as rows.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { StoreLocation } from '../../src/store/open-store.ts';
import type { Dialect } from '../../src/store/sql/schema.ts';
import type { TestPostgres } from '../support/postgres.ts';

type Row = Readonly<Record<string, unknown>>;

export type Database = {
  readonly location: StoreLocation;
  /** The data folder of a hub on it. */
  readonly folder: string;
  /** What lets a hub find it. */
  readonly env: Readonly<Record<string, string>>;
  run(statements: readonly string[]): Promise<void>;
  query(sql: string): Promise<readonly Row[]>;
  /** All rows of all tables of the hub. */
  rows(): Promise<ReadonlyMap<string, readonly Row[]>>;
};

const TABLES: { readonly [dialect in Dialect]: string } = {
  sqlite: "select name from sqlite_schema where type = 'table' and name not like 'sqlite%'",
  postgres: 'select tablename as name from pg_tables where schemaname = current_schema()',
};

let count = 0;

/** A new and empty one. */
export async function openDatabase(dialect: Dialect, root: string, postgres: TestPostgres): Promise<Database> {
  count += 1;
  const folder = join(root, `${count}`);
  await mkdir(folder, { mode: 0o700 });
  const url = dialect === 'postgres' ? await postgres.createDatabase() : '';
  const file = join(folder, 'chatelaine.db');
  const query = dialect === 'postgres' ? onPostgres(url) : onSqlite(file);
  return {
    location: dialect === 'postgres' ? { kind: 'postgres', url } : { kind: 'sqlite', file },
    folder,
    env: dialect === 'postgres' ? { CHATELAINE_DATABASE_URL: url } : {},
    query,
    run: async (statements) => {
      await query(['begin', ...statements, 'commit'].map((each) => `${each};\n`).join(''));
    },
    async rows() {
      const names = (await query(TABLES[dialect])).map(({ name }) => String(name));
      const ours = names.filter((name) => !name.startsWith('chatelaine_'));
      const entries = await Promise.all(
        ours.map(async (name) => [name, await query(`select * from "${name}"`)] as const),
      );
      return new Map(entries);
    },
  };
}

function onPostgres(url: string): Database['query'] {
  return async (sql) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query(sql).finally(() => client.end());
    return rows;
  };
}

function onSqlite(file: string): Database['query'] {
  return async (sql) => {
    const database = new DatabaseSync(file);
    try {
      if (/^select /.test(sql)) return database.prepare(sql).all();
      database.exec(sql);
      return [];
    } finally {
      database.close();
    }
  };
}
