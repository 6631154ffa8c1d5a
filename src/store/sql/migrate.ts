// Brings a database to the present schema at open, and says afterwards whether it still is. Two
// processes that open at once do not clash: PostgreSQL holds them apart by an advisory lock, SQLite by
// a write transaction, and the second looks at what is done only when it has its turn.

import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { ChatelaineError } from '../../errors.ts';
import { migrationsFor } from './migrations/index.ts';
import type { Db, Dialect } from './schema.ts';

// Names of our own: another program of the same database may use Kysely's defaults.
const TABLE = 'chatelaine_migrations';
const LOCK_TABLE = 'chatelaine_migration_lock';

/** Runs what has not run yet; what the database itself threw comes out unchanged. @throws store_unavailable */
export async function migrateToLatest(db: Db, dialect: Dialect): Promise<void> {
  const migrator = new Migrator({
    db: db.withoutPlugins(),
    provider: { getMigrations: async () => migrationsFor(dialect) },
    migrationTableName: TABLE,
    migrationLockTableName: LOCK_TABLE,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && error.message.startsWith('corrupted migrations')) {
    throw new ChatelaineError(
      'store_unavailable',
      'The database was written by a newer version of Chatelaine; start that version, or restore a backup.',
      { cause: error },
    );
  }
  throw error;
}

/** @throws store_unavailable when a migration is missing */
export async function verifyMigrations(db: Db, dialect: Dialect): Promise<void> {
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(TABLE)}`.execute(db);
  const done = new Set(rows.map((row) => row.name));
  const missing = Object.keys(migrationsFor(dialect)).filter((name) => !done.has(name));
  if (missing.length === 0) return;
  throw new ChatelaineError(
    'store_unavailable',
    `The database lacks the migration ${missing.join(', ')}; restart Chatelaine, which runs it.`,
  );
}
