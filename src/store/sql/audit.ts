// The audit log: append, read from the newest, drop what is too old.

import type { AuditStore } from '../store.ts';
import { DELETED_PER_STATEMENT, deletePieces, pageOf } from './rows.ts';
import type { Db } from './schema.ts';
import { auditCodec } from './schema.ts';

export function auditStore(db: Db): AuditStore {
  return {
    async append(record) {
      await db.insertInto('audit').values(auditCodec.toRow(record)).execute();
    },
    async list(filter, page) {
      let query = db
        .selectFrom('audit')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(page.limit + 1);
      if (filter.connectorId !== undefined) query = query.where('connectorId', '=', filter.connectorId);
      if (filter.agentId !== undefined) query = query.where('agentId', '=', filter.agentId);
      if (filter.action !== undefined) query = query.where('action', '=', filter.action);
      if (page.cursor !== undefined) query = query.where('id', '<', page.cursor);
      return pageOf((await query.execute()).map(auditCodec.toRecord), page);
    },
    deleteBefore: (at) =>
      deletePieces(async () => {
        const oldest = db.selectFrom('audit').select('id').where('at', '<', at).limit(DELETED_PER_STATEMENT);
        const { numDeletedRows } = await db.deleteFrom('audit').where('id', 'in', oldest).executeTakeFirst();
        return Number(numDeletedRows);
      }),
  };
}
