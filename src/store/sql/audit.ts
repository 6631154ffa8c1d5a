// The audit log: append, read from the newest, drop what is too old.

import type { AuditStore } from '../store.ts';
import { pageOf } from './rows.ts';
import type { Db } from './schema.ts';
import { auditCodec } from './schema.ts';

/** One statement must not hold the write lock, or run into the statement timeout, for a year's log. */
const DELETED_PER_STATEMENT = 1_000;

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
    async deleteBefore(at) {
      let deleted = 0;
      for (;;) {
        const oldest = db.selectFrom('audit').select('id').where('at', '<', at).limit(DELETED_PER_STATEMENT);
        const { numDeletedRows } = await db.deleteFrom('audit').where('id', 'in', oldest).executeTakeFirst();
        deleted += Number(numDeletedRows);
        if (numDeletedRows < BigInt(DELETED_PER_STATEMENT)) return deleted;
      }
    },
  };
}
