// Authorization flows. Each step is one UPDATE whose WHERE names the state it leaves, so that of any
// number of callers, in any number of processes, one wins.

import type { FlowStore } from '../store.ts';
import type { Db } from './schema.ts';
import { flowCodec } from './schema.ts';

export function flowStore(db: Db): FlowStore {
  const findBy = async (column: 'id' | 'ticketHash' | 'stateHash', value: string) => {
    const row = await db.selectFrom('flows').selectAll().where(column, '=', value).executeTakeFirst();
    return row === undefined ? null : flowCodec.toRecord(row);
  };
  return {
    async insert(flow) {
      await db.insertInto('flows').values(flowCodec.toRow(flow)).execute();
    },
    findByTicket: (ticketHash) => findBy('ticketHash', ticketHash),
    findByState: (stateHash) => findBy('stateHash', stateHash),
    async open(id, browserHash, stateHash) {
      const { numUpdatedRows } = await db
        .updateTable('flows')
        .set({ status: 'opened', browserHash, stateHash })
        .where('id', '=', id)
        .where((where) =>
          where.or([
            where('status', '=', 'created'),
            where.and([where('status', '=', 'opened'), where('browserHash', '=', browserHash)]),
          ]),
        )
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async consume(id) {
      const { numUpdatedRows } = await db
        .updateTable('flows')
        .set({ status: 'consumed' })
        .where('id', '=', id)
        .where('status', '=', 'opened')
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    get: (id) => findBy('id', id),
    async setOutcome(id, outcome) {
      await db.updateTable('flows').set(flowCodec.toColumns({ outcome })).where('id', '=', id).execute();
    },
    async deleteOf(connectorId, agentId) {
      const { numDeletedRows } = await db
        .deleteFrom('flows')
        .where('connectorId', '=', connectorId)
        .where('agentId', agentId === null ? 'is' : '=', agentId)
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
    async deleteExpired(now) {
      const { numDeletedRows } = await db.deleteFrom('flows').where('expiresAt', '<=', now).executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
