// Which agent may call which tool of which connector.

import type { GrantStore } from '../store.ts';
import { chunksOf } from './rows.ts';
import type { Db, Dialect } from './schema.ts';
import { holdParent, inTransaction } from './transaction.ts';

export function grantStore(db: Db, dialect: Dialect): GrantStore {
  return {
    async listByAgent(agentId) {
      return db
        .selectFrom('grants')
        .selectAll()
        .where('agentId', '=', agentId)
        .orderBy('connectorId')
        .orderBy('toolName')
        .execute();
    },
    replace: (agentId, grants) =>
      inTransaction(db, async (trx) => {
        await holdParent(trx, dialect, 'agents', agentId);
        await trx.deleteFrom('grants').where('agentId', '=', agentId).execute();
        for (const chunk of chunksOf(grants)) {
          await trx
            .insertInto('grants')
            .values(chunk.map(({ connectorId, toolName }) => ({ agentId, connectorId, toolName })))
            // A grant named twice is one grant.
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
      }),
  };
}
