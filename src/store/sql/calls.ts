// The call log and its hourly sums. Sums grow by `calls = calls + n`, in the order of their keys, so that
// processes that write at the same moment neither lose a count nor wait for each other in a circle.

import { type RawBuilder, sql } from 'kysely';
import type { CallHourRecord } from '../records.ts';
import type { CallBucket, CallStatsQuery, CallStore } from '../store.ts';
import { chunksOf, DELETED_PER_STATEMENT, deletePieces, pageOf } from './rows.ts';
import type { Db } from './schema.ts';
import { inTransaction } from './transaction.ts';

const HOUR_KEY = ['hour', 'agentId', 'connectorId', 'toolName', 'measure', 'bucket'] as const;
const GROUP_COLUMNS: { readonly [group in CallStatsQuery['groupBy']]: readonly (keyof CallHourRecord)[] } = {
  agent: ['agentId'],
  connector: ['connectorId'],
  tool: ['connectorId', 'toolName'],
  hour: ['hour'],
  all: [],
};

export function callStore(db: Db): CallStore {
  const deleteBefore = (table: 'calls' | 'callCaptures', id: string): Promise<number> =>
    deletePieces(async () => {
      const oldest = db.selectFrom(table).select('id').where('id', '<', id).limit(DELETED_PER_STATEMENT);
      const { numDeletedRows } = await db.deleteFrom(table).where('id', 'in', oldest).executeTakeFirst();
      return Number(numDeletedRows);
    });
  return {
    async append(calls, hours, captures) {
      if (calls.length === 0) return;
      const keyed = hours.map((row) => ({ row, key: HOUR_KEY.map((column) => row[column]).join(' ') }));
      const sums = keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ row }) => row);
      await inTransaction(db, async (trx) => {
        let written = 0n;
        for (const chunk of chunksOf(calls)) {
          const insert = trx.insertInto('calls').values(chunk);
          const { numInsertedOrUpdatedRows } = await insert
            .onConflict((conflict) => conflict.column('id').doNothing())
            .executeTakeFirst();
          written += numInsertedOrUpdatedRows ?? 0n;
        }
        // A writer that did not hear of its success comes again with the same calls.
        if (written === 0n) return;
        for (const chunk of chunksOf(captures)) {
          const insert = trx.insertInto('callCaptures').values(chunk);
          await insert.onConflict((conflict) => conflict.column('id').doNothing()).execute();
        }
        for (const chunk of chunksOf(sums)) {
          await trx
            .insertInto('callHours')
            .values(chunk)
            .onConflict((conflict) =>
              conflict.columns(HOUR_KEY).doUpdateSet((eb) => ({
                calls: eb('callHours.calls', '+', eb.ref('excluded.calls')),
                errors: eb('callHours.errors', '+', eb.ref('excluded.errors')),
              })),
            )
            .execute();
        }
      });
    },

    async get(id) {
      return (await db.selectFrom('calls').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
    },

    async getCapture(id) {
      return (await db.selectFrom('callCaptures').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
    },

    async list(filter, page) {
      let query = db
        .selectFrom('calls')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(page.limit + 1);
      if (filter.agentId !== undefined) query = query.where('agentId', '=', filter.agentId);
      if (filter.connectorId !== undefined) query = query.where('connectorId', '=', filter.connectorId);
      if (filter.toolName !== undefined) query = query.where('toolName', '=', filter.toolName);
      if (filter.outcome !== undefined) query = query.where('outcome', '=', filter.outcome);
      // Spelled out, or a planner does not see that the partial index holds all of them.
      if (filter.outcome !== undefined && filter.outcome !== 'ok') query = query.where(sql<boolean>`outcome <> 'ok'`);
      if (filter.fromId !== undefined) query = query.where('id', '>=', filter.fromId);
      if (filter.beforeId !== undefined) query = query.where('id', '<', filter.beforeId);
      if (page.cursor !== undefined) query = query.where('id', '<', page.cursor);
      return pageOf(await query.execute(), page);
    },

    async stats(query) {
      const columns = GROUP_COLUMNS[query.groupBy];
      const group = sql.join(columns.map((column) => sql.ref(column)));
      const sought = soughtBy(query);
      const chosen =
        columns.length === 0
          ? sql`1 = 1`
          : sql`(${group}) in (
              select ${group} from call_hours where ${sought} and measure = 'gateway' group by ${group}
              order by ${query.groupBy === 'hour' ? sql`hour desc` : sql`sum(calls) desc, ${group}`}
              limit ${query.limit})`;
      const comma = columns.length === 0 ? sql`` : sql`, `;
      const { rows } = await sql<CallBucket>`
        select measure, bucket, cast(sum(calls) as bigint) as calls, cast(sum(errors) as bigint) as errors
          ${comma}${group}
        from call_hours where ${sought} and ${chosen}
        group by measure, bucket${comma}${group}`.execute(db);
      return rows;
    },

    async deleteBefore(id, hour) {
      await deleteBefore('callCaptures', id);
      const deleted = await deleteBefore('calls', id);
      const key = sql.join(HOUR_KEY.map((column) => sql.ref(column)));
      await deletePieces(async () => {
        const { numAffectedRows } = await sql`delete from call_hours where (${key}) in (
          select ${key} from call_hours where hour < ${hour} limit ${DELETED_PER_STATEMENT})`.execute(db);
        return Number(numAffectedRows ?? 0n);
      });
      return deleted;
    },
  };
}

function soughtBy(query: CallStatsQuery): RawBuilder<unknown> {
  const terms = [sql`hour >= ${query.fromHour}`, sql`hour < ${query.beforeHour}`];
  if (query.agentId !== undefined) terms.push(sql`agent_id = ${query.agentId}`);
  if (query.connectorId !== undefined) terms.push(sql`connector_id = ${query.connectorId}`);
  if (query.toolName !== undefined) terms.push(sql`tool_name = ${query.toolName}`);
  return sql.join(terms, sql` and `);
}
