// Moves an embedded database into an empty PostgreSQL: whole, in one transaction, or not at all. While it moves,
// nobody else has the original open and nobody sees the target.

import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { ChatelaineError } from '../../errors.ts';
import type { AuditStore, SealedStore } from '../store.ts';
import { auditStore } from './audit.ts';
import { translateFault } from './faults.ts';
import { appliedMigrations, MIGRATIONS_TABLE } from './migrate.ts';
import { type MovedTable, moveRows, rowsIn, type Table, tablesOf } from './move-rows.ts';
import { inLongTransaction, openPostgres } from './postgres.ts';
import { sealedStore } from './sealed.ts';
import { classifySqlite, isBusy } from './sqlite-faults.ts';
import type { Trx } from './transaction.ts';

export type { MovedTable } from './move-rows.ts';

/** Whoever uses the target already waits this long at most for the move to have it alone. */
const LOCK_TIMEOUT = '15s';

/** What was copied, before it is committed. */
export type Arrived = { readonly sealed: SealedStore; readonly audit: AuditStore };

/**
 * @param file a database of the present schema
 * @param url an empty database, or one in which no hub ever started
 * @param judge looks at what was copied; what it throws undoes everything
 * @throws conflict when the original is open elsewhere, the target is not empty, or the schemas differ;
 *   invalid_request for a row that PostgreSQL cannot hold; store_unavailable
 */
export async function moveDatabase(
  file: string,
  url: string,
  judge: (arrived: Arrived) => Promise<void>,
): Promise<readonly MovedTable[]> {
  const source = openAlone(file);
  try {
    const tables = tablesOf(source);
    // Before its schema is touched, too: a database that is refused is left as it was.
    await inLongTransaction(url, (trx) => refuseUnlessEmpty(trx, tables));
    await (await openPostgres(url, { maxConnections: 1 })).close();
    return await inLongTransaction(url, async (trx) => {
      await sql`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`.execute(trx);
      await sql`lock table ${sql.join(tables.map(({ name }) => sql.table(name)))} in access exclusive mode`.execute(
        trx,
      );
      await refuseUnlessEmpty(trx, tables);
      await refuseUnlessAlike(source, trx);
      const moved = await moveRows(source, trx, tables);
      await judge({ sealed: sealedStore(trx), audit: auditStore(trx) });
      return moved;
    });
  } finally {
    source.close();
  }
}

/** Every connection in WAL mode holds a shared lock on the file, so an exclusive one is had by whoever is alone. */
function openAlone(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('pragma locking_mode = exclusive');
    database.exec('begin immediate');
    return database;
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw translateFault(error, classifySqlite);
    throw new ChatelaineError('conflict', `Another program has ${file} open, perhaps a hub: end it first.`, {
      cause: error,
    });
  }
}

async function refuseUnlessEmpty(target: Trx, tables: readonly Table[]): Promise<void> {
  const found = await rowsIn(target, tables);
  if (found.length === 0) return;
  const what = found.map(({ table, rows }) => `${table} ${rows}`).join(', ');
  throw new ChatelaineError(
    'conflict',
    `The target database is not empty (${what}): name one in which no hub has started yet. Nothing was moved.`,
  );
}

async function refuseUnlessAlike(source: DatabaseSync, target: Trx): Promise<void> {
  const here = source.prepare(`select name from ${MIGRATIONS_TABLE} order by name`).all();
  const names = here.map(({ name }) => String(name)).join(', ');
  const there = [...(await appliedMigrations(target))].sort().join(', ');
  if (names === there) return;
  throw new ChatelaineError(
    'conflict',
    `The schemas differ: the embedded database has ${names}, the target ${there}. Nothing was moved.`,
  );
}
