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

/** A schema that once was: which migrations made it, and under which names it remembers them. */
export type Schema = {
  readonly name: string;
  readonly made: readonly { readonly migration: string; readonly remembered: string }[];
  /** Where a statement was another one then. */
  readonly otherwise?: readonly [today: string, then: string];
};

const [initial = '', access = '', calls = '', people = '', mail = ''] = MIGRATIONS;
const made = (names: readonly string[]): Schema['made'] => names.map((name) => ({ migration: name, remembered: name }));
const FORMER_MAIL = { migration: mail, remembered: '0006-mail' };

export const SCHEMAS: readonly Schema[] = [
  ...MIGRATIONS.map((name, at) => ({ name, made: made(MIGRATIONS.slice(0, at + 1)) })),
  // From before migrations were numbered for good.
  {
    name: '0001-initial-with-short-index',
    made: made([initial]),
    otherwise: ['"state", "expires_at", "id")', '"state", "expires_at")'],
  },
  { name: '0006-mail-without-people', made: [...made([initial, access, calls]), FORMER_MAIL] },
  { name: '0006-mail-with-people', made: [...made([initial, access, calls, people]), FORMER_MAIL] },
];

/** All statements that make it. */
export async function statementsOfSchema(dialect: Dialect, { made, otherwise }: Schema): Promise<readonly string[]> {
  const statements = (await Promise.all(made.map(({ migration }) => statementsOf(dialect, migration)))).flat();
  return otherwise === undefined ? statements : statements.map((each) => each.replace(...otherwise));
}
