// Agents and their keys. Keys, grants, credentials and flows of an agent go with it by foreign key; the
// tools that it alone listed go here, because an owner of a listing may also be '' and has no key to it.

import { sql } from 'kysely';
import type { AgentStore } from '../store.ts';
import { raiseAccess, raiseTools } from './access.ts';
import { chunksOf, holds, pageOf } from './rows.ts';
import type { Db, Dialect } from './schema.ts';
import { agentCodec } from './schema.ts';
import { retireUnlisted } from './tool-listings.ts';
import { hold, inTransaction } from './transaction.ts';
import { by } from './troubled.ts';

export function agentStore(db: Db, dialect: Dialect): AgentStore {
  const select = () => db.selectFrom('agents').selectAll();
  return {
    async insert(agent) {
      await db.insertInto('agents').values(agentCodec.toRow(agent)).execute();
    },
    async get(id) {
      const row = await select().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : agentCodec.toRecord(row);
    },
    async list(page) {
      // The ids first: where a name is looked for, they come from an index that holds both.
      const from = page.search === undefined ? sql`agents` : by(dialect, 'agents', 'agents_search');
      const sought = page.search === undefined ? sql`1 = 1` : holds(sql<string>`name`, page.search, dialect);
      const ids = sql`(select id from ${from} where id > ${page.cursor ?? ''} and ${sought} order by id limit ${page.limit + 1})`;
      const rows = await select().where(sql<boolean>`id in ${ids}`).orderBy('id').execute();
      return pageOf(rows.map(agentCodec.toRecord), page);
    },
    async update(id, patch) {
      const columns = agentCodec.toColumns(patch);
      const row = await (Object.keys(columns).length === 0
        ? select().where('id', '=', id).executeTakeFirst()
        : inTransaction(db, async (trx) => {
            const changed = trx.updateTable('agents').set(columns).where('id', '=', id).returningAll();
            const one = await changed.executeTakeFirst();
            await raiseAccess(trx);
            return one;
          }));
      return row === undefined ? null : agentCodec.toRecord(row);
    },
    delete: (id) =>
      inTransaction(db, async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom('agents').where('id', '=', id).executeTakeFirst();
        const listed = await trx
          .selectFrom('toolListings')
          .select('connectorId')
          .distinct()
          .where('owner', '=', id)
          .orderBy('connectorId')
          .execute();
        // Held, so that no other owner begins to list a tool while we look whether any does.
        for (const { connectorId } of listed) await hold(trx, dialect, 'connectors', connectorId);
        await trx.deleteFrom('toolListings').where('owner', '=', id).execute();
        for (const { connectorId } of listed) {
          const retired = await retireUnlisted(trx, connectorId, Date.now());
          if (retired.length > 0) await raiseTools(trx, connectorId);
        }
        await raiseAccess(trx);
        return numDeletedRows > 0n;
      }),
    async insertKey(key) {
      await db.insertInto('agentKeys').values(key).execute();
    },
    async listKeys(agentId, page) {
      const query = db
        .selectFrom('agentKeys')
        .selectAll()
        .where('agentId', '=', agentId)
        .orderBy('id')
        .limit(page.limit + 1);
      return pageOf(await (page.cursor === undefined ? query : query.where('id', '>', page.cursor)).execute(), page);
    },
    async findKey(hash) {
      return (await db.selectFrom('agentKeys').selectAll().where('hash', '=', hash).executeTakeFirst()) ?? null;
    },
    deleteKey: (agentId, keyId) =>
      inTransaction(db, async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('agentKeys')
          .where('id', '=', keyId)
          .where('agentId', '=', agentId)
          .executeTakeFirst();
        await raiseAccess(trx);
        return numDeletedRows > 0n;
      }),
    async touchKeys(keyIds, at) {
      for (const chunk of chunksOf(keyIds)) {
        await db
          .updateTable('agentKeys')
          .set({ lastUsedAt: at })
          .where('id', 'in', chunk)
          .where((where) => where.or([where('lastUsedAt', 'is', null), where('lastUsedAt', '<', at)]))
          .execute();
      }
    },
  };
}
