// The statements that migrations are made of, without a database: what the query builder compiles them to.

import type { Dialect as KyselyDialect } from 'kysely';
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { migrationsFor } from '../../src/store/sql/migrations/index.ts';
import type { Dialect } from '../../src/store/sql/schema.ts';

export const DIALECTS: readonly Dialect[] = ['sqlite', 'postgres'];

/** Names of all migrations, in order. */
export const MIGRATIONS: readonly string[] = Object.keys(migrationsFor('sqlite'));

const PARTS: { readonly [dialect in Dialect]: KyselyDialect } = {
  sqlite: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
  postgres: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
};

/** What the migration of this name does, statement by statement. */
export async function statementsOf(dialect: Dialect, name: string): Promise<readonly string[]> {
  const statements: string[] = [];
  const db = new Kysely<unknown>({
    dialect: PARTS[dialect],
    log: ({ query }) => {
      if (query.parameters.length > 0) throw new Error(`${name} has a statement with parameters: write them out`);
      statements.push(query.sql);
    },
  });
  await migrationsFor(dialect)[name]?.up(db);
  return statements;
}
