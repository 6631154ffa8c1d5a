// Transactions and row locks. A transaction holds nothing but its own statements, never a wait for the
// network; its function may run twice, so it does nothing that cannot be undone.

import type { Transaction } from 'kysely';
import { ChatelaineError } from '../../errors.ts';
import type { Database, Db, Dialect } from './schema.ts';

const ATTEMPTS = 3;
/** SQLSTATE of a serialization failure and of a deadlock: PostgreSQL asks for a repetition. */
const REPEATABLE = new Set(['40001', '40P01']);

export type Trx = Transaction<Database>;

export async function inTransaction<T>(db: Db, run: (trx: Trx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(run);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (attempt === ATTEMPTS || !REPEATABLE.has(code)) throw error;
    }
  }
}

/**
 * Makes writers of one connector's or agent's belongings wait for each other until the transaction ends.
 * On SQLite the transaction already excludes every other writer.
 *
 * @throws not_found when the parent is gone
 */
export async function holdParent(
  trx: Trx,
  dialect: Dialect,
  table: 'connectors' | 'agents',
  id: string,
): Promise<void> {
  const query = trx.selectFrom(table).select('id').where('id', '=', id);
  // NO KEY UPDATE lets others insert rows that refer to the parent.
  const row = await (dialect === 'postgres' ? query.forNoKeyUpdate() : query).executeTakeFirst();
  if (row !== undefined) return;
  throw new ChatelaineError('not_found', `This ${table === 'agents' ? 'agent' : 'connector'} no longer exists.`);
}
