// Brings a database to the present schema at open, and says afterwards whether it still is. Two
// processes that open at once do not clash: PostgreSQL holds them apart by an advisory lock, SQLite by
// a write transaction, and the second looks at what is done only when it has its turn.
//
// A process of the version before goes on serving a schema that a newer one has brought further, so that replicas
// can be replaced one by one. How far back a schema serves is written into the database by whoever migrates it.

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { Migrator } from 'kysely/migration';
import { ChatelaineError } from '../../errors.ts';
import { forgetFormerMail } from './former-mail.ts';
import { migrationsFor, SERVES_FROM } from './migrations/index.ts';
import type { Db, Dialect } from './schema.ts';

// Names of our own: another program of the same database may use Kysely's defaults.
export const MIGRATIONS_TABLE = 'chatelaine_migrations';
const LOCK_TABLE = 'chatelaine_migration_lock';
/** The row of `meta` that says how far back the schema serves. */
export const SERVES_FROM_KEY = 'schema.serves_from';
const DONE_ELSEWHERE: Migration = { up: async () => undefined };

/** Runs what has not run yet; what the database itself threw comes out unchanged. @throws store_unavailable */
export async function migrateToLatest(db: Db, dialect: Dialect): Promise<void> {
  if (await hasTable(db, dialect)) await forgetFormerMail(db, MIGRATIONS_TABLE);
  for (let isAgain = false; ; isAgain = true) {
    const later = (await hasTable(db, dialect)) ? await laterMigrations(db, dialect) : [];
    const migrator = new Migrator({
      db: db.withoutPlugins(),
      provider: {
        getMigrations: async () => ({
          ...marked(migrationsFor(dialect)),
          ...Object.fromEntries(later.map((name) => [name, DONE_ELSEWHERE])),
        }),
      },
      migrationTableName: MIGRATIONS_TABLE,
      migrationLockTableName: LOCK_TABLE,
    });
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) return;
    const isUnknown = error instanceof Error && error.message.startsWith('corrupted migrations');
    if (!isUnknown) throw error;
    // A newer process may have migrated between our look and our turn.
    if (isAgain) throw tooNew(error);
  }
}

/** @throws store_unavailable when a migration is missing, or when the schema is too new for this version */
export async function verifyMigrations(db: Db, dialect: Dialect): Promise<void> {
  const done = new Set(await appliedMigrations(db));
  const missing = Object.keys(migrationsFor(dialect)).filter((name) => !done.has(name));
  if (missing.length > 0) {
    throw new ChatelaineError(
      'store_unavailable',
      `The database lacks the migration ${missing.join(', ')}; restart Chatelaine, which runs it.`,
    );
  }
  if (done.size > Object.keys(migrationsFor(dialect)).length) await laterMigrations(db, dialect);
}

/** Migrations of a newer version that have run here. @throws store_unavailable unless this version may stay beside it */
async function laterMigrations(db: Db, dialect: Dialect): Promise<readonly string[]> {
  const known = Object.keys(migrationsFor(dialect));
  const newest = known.at(-1) ?? '';
  const later = (await appliedMigrations(db)).filter((name) => !known.includes(name));
  if (later.length === 0) return later;
  const mark = await db.selectFrom('meta').select('value').where('key', '=', SERVES_FROM_KEY).executeTakeFirst();
  const [servesFrom = '', by = ''] = mark?.value.split(' ') ?? [];
  // Where the one that migrated last said nothing, only the very next migration is taken for the next version's.
  const mayServe = later.includes(by)
    ? newest >= servesFrom
    : later.length === 1 && numberOf(later[0] ?? '') === numberOf(newest) + 1;
  if (!mayServe) throw tooNew();
  return later;
}

export async function appliedMigrations(db: Db): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(MIGRATIONS_TABLE)}`.execute(db);
  return rows.map(({ name }) => name);
}

async function hasTable(db: Db, dialect: Dialect): Promise<boolean> {
  const found =
    dialect === 'postgres'
      ? sql<{ name: string | null }>`select to_regclass(${MIGRATIONS_TABLE}) as name`
      : sql<{ name: string }>`select name from sqlite_master where type = 'table' and name = ${MIGRATIONS_TABLE}`;
  const { rows } = await found.execute(db);
  return (rows[0]?.name ?? null) !== null;
}

/** With the newest one, in its transaction, it is written how far back this schema serves. */
function marked(migrations: Record<string, Migration>): Record<string, Migration> {
  const [name, migration] = Object.entries(migrations).at(-1) as [string, Migration];
  return {
    ...migrations,
    [name]: {
      async up(db: Kysely<unknown>) {
        await migration.up(db);
        await sql`insert into meta (key, value) values (${SERVES_FROM_KEY}, ${`${SERVES_FROM} ${name}`})
          on conflict (key) do update set value = excluded.value`.execute(db);
      },
    },
  };
}

const numberOf = (name: string): number => Number.parseInt(name, 10);

const tooNew = (cause?: unknown): ChatelaineError =>
  new ChatelaineError(
    'store_unavailable',
    'The database was written by a newer version of Chatelaine, more than one version ahead; start that version, or restore a backup.',
    { cause },
  );
