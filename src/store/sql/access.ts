// The counter that tells every process on the database that what agents may do has changed. It is raised
// last in its transaction: whoever holds it waits for nothing else, so it closes no circle of waiting.

import type { AccessStore } from '../store.ts';
import type { Db } from './schema.ts';
import type { Trx } from './transaction.ts';

export function accessStore(db: Db): AccessStore {
  return {
    async revision() {
      const row = await db
        .selectFrom('revisions')
        .select('value')
        .where('name', '=', 'access')
        .executeTakeFirstOrThrow();
      return row.value;
    },
  };
}

export async function raiseAccess(trx: Trx): Promise<void> {
  await trx
    .updateTable('revisions')
    .set(({ eb }) => ({ value: eb('value', '+', 1) }))
    .where('name', '=', 'access')
    .execute();
}

/** The tools of one connector changed; `raiseAccess` goes with it, at the end of the transaction. */
export async function raiseTools(trx: Trx, connectorId: string): Promise<void> {
  await trx
    .updateTable('connectors')
    .set(({ eb }) => ({ toolsRevision: eb('toolsRevision', '+', 1) }))
    .where('id', '=', connectorId)
    .execute();
}
