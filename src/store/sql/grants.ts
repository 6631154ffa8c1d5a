// Which agent may call which tool of which connector, and of which connectors all.

import type { GrantStore } from '../store.ts';
import { raiseAccess } from './access.ts';
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
        await raiseAccess(trx);
      }),
    async listConnectors(agentId) {
      const rows = await db
        .selectFrom('connectorGrants')
        .select('connectorId')
        .where('agentId', '=', agentId)
        .orderBy('connectorId')
        .execute();
      return rows.map((row) => row.connectorId);
    },
    setConnector: (agentId, connectorId, granted) =>
      inTransaction(db, async (trx) => {
        await holdParent(trx, dialect, 'agents', agentId);
        if (granted) {
          await trx
            .insertInto('connectorGrants')
            .values({ agentId, connectorId })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        } else {
          await trx
            .deleteFrom('connectorGrants')
            .where('agentId', '=', agentId)
            .where('connectorId', '=', connectorId)
            .execute();
        }
        await raiseAccess(trx);
      }),
  };
}
