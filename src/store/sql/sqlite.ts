// The store in one SQLite file. Several processes may open the same file: the server and the command line.

import { CamelCasePlugin, Kysely } from 'kysely';
import type { Store } from '../store.ts';
import { assembleStore } from './assemble.ts';
import { translateFault } from './faults.ts';
import { migrateToLatest } from './migrate.ts';
import type { Database } from './schema.ts';
import { sqliteCallWriter } from './sqlite-calls.ts';
import { nodeSqliteDialect } from './sqlite-driver.ts';
import { classifySqlite } from './sqlite-faults.ts';

/**
 * Opens `file` (':memory:' for one that lives as long as the store), creating it when absent, and runs
 * the migrations that it lacks.
 *
 * @throws store_unavailable
 */
export async function openSqlite(file: string): Promise<Store> {
  const db = new Kysely<Database>({ dialect: nodeSqliteDialect(file), plugins: [new CamelCasePlugin()] });
  try {
    await migrateToLatest(db, 'sqlite');
  } catch (error) {
    await db.destroy().catch(() => undefined);
    throw translateFault(error, classifySqlite);
  }
  // A database in memory is one connection's own.
  return assembleStore(db, 'sqlite', classifySqlite, file === ':memory:' ? undefined : sqliteCallWriter(file));
}
