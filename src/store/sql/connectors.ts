// Connectors. What hangs on one (credentials, tools, grants, flows, transcript) goes with it by foreign key.

import { sql } from 'kysely';
import type { ConnectorRecord } from '../records.ts';
import type { ConnectorStore } from '../store.ts';
import { raiseAccess } from './access.ts';
import { holds, pageOf } from './rows.ts';
import type { Db, Dialect } from './schema.ts';
import { connectorCodec } from './schema.ts';
import { inTransaction } from './transaction.ts';

/** Notes about what was seen; whatever else changes, an agent may be served differently from then on. */
const NOTES: ReadonlySet<string> = new Set<keyof ConnectorRecord>([
  'reachability',
  'toolsSyncedAt',
  'toolsError',
  'syncDueAt',
  'syncFailures',
  'updatedAt',
]);

export function connectorStore(db: Db, dialect: Dialect): ConnectorStore {
  const select = () => db.selectFrom('connectors').selectAll();
  const one = (row: Parameters<typeof connectorCodec.toRecord>[0] | undefined) =>
    row === undefined ? null : connectorCodec.toRecord(row);
  return {
    async insert(connector) {
      await db.insertInto('connectors').values(connectorCodec.toRow(connector)).execute();
    },
    async get(id) {
      return one(await select().where('id', '=', id).executeTakeFirst());
    },
    async getByKey(key) {
      return one(await select().where('key', '=', key).executeTakeFirst());
    },
    async list(page) {
      let query = select()
        .orderBy('id')
        .limit(page.limit + 1);
      if (page.search !== undefined)
        query = query.where(holds(sql<string>`name || ' ' || key || ' ' || url`, page.search, dialect));
      if (page.cursor !== undefined) query = query.where('id', '>', page.cursor);
      const rows = await query.execute();
      return pageOf(rows.map(connectorCodec.toRecord), page);
    },
    async keys() {
      const rows = await db.selectFrom('connectors').select('key').orderBy('key').execute();
      return rows.map((row) => row.key);
    },
    async update(id, patch) {
      const columns = connectorCodec.toColumns(patch);
      if (Object.keys(columns).length === 0) return one(await select().where('id', '=', id).executeTakeFirst());
      const write = (on: Db) => on.updateTable('connectors').set(columns).where('id', '=', id).returningAll();
      if (Object.keys(columns).every((column) => NOTES.has(column))) return one(await write(db).executeTakeFirst());
      return inTransaction(db, async (trx) => {
        const row = await write(trx).executeTakeFirst();
        await raiseAccess(trx);
        return one(row);
      });
    },
    delete: (id) =>
      inTransaction(db, async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom('connectors').where('id', '=', id).executeTakeFirst();
        await raiseAccess(trx);
        return numDeletedRows > 0n;
      }),
    async dueForSync(now, limit) {
      const rows = await select()
        .where('syncDueAt', '<=', now)
        .orderBy('syncDueAt')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(connectorCodec.toRecord);
    },
  };
}
