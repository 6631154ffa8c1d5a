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
 * Makes writers of one connector's or agent's belongings wait for each other until the transaction ends;
 * false when the row is gone. Agents are held before connectors. On SQLite the transaction already
 * excludes every other writer.
 */
export async function hold(trx: Trx, dialect: Dialect, table: 'connectors' | 'agents', id: string): Promise<boolean> {
  const query = trx.selectFrom(table).select('id').where('id', '=', id);
  // NO KEY UPDATE lets others insert rows that refer to this one.
  const row = await (dialect === 'postgres' ? query.forNoKeyUpdate() : query).executeTakeFirst();
  return row !== undefined;
}

/** @throws not_found when the row to hold is gone */
export async function holdParent(...parent: Parameters<typeof hold>): Promise<void> {
  if (await hold(...parent)) return;
  throw new ChatelaineError('not_found', `This ${parent[2] === 'agents' ? 'agent' : 'connector'} no longer exists.`);
}
