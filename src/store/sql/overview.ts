// The figures of whole pages: of the connectors and agents on them, by their ids, never of all there are. Counts come
// back as numbers from both databases (see the drivers), but for those of SQL's own functions, which are cast.

import { sql } from 'kysely';
import { COUNTED_MAX } from '../../work-limits.ts';
import type { CallsOfHour, ConnectorFigures, OverviewStore, RowTold } from '../store.ts';
import { attentionStore } from './attention.ts';
import { factsOf } from './credential-facts.ts';
import type { Database, Db, Dialect } from './schema.ts';
import { agentCodec, connectorCodec } from './schema.ts';
import { by, ENDING, TROUBLED } from './troubled.ts';

/** More news than this at once is told as "something changed". */
const NEWS_MOST = 500;

/** Owners and connectors of which each pair is looked up by itself. */
const PAIRS_MAX = 500;

const count = sql<number>`cast(count(*) as integer)`.as('count');

/** Not serving at this moment, of those that an index calls troubled or ending. */
const isBroken = (now: number) =>
  sql<boolean>`(state <> 'ok' or (expires_at <= ${now} and refresh_failures > 0) or (kind = 'static' and reason is not null))`;

export function overviewStore(db: Db, dialect: Dialect): OverviewStore {
  const credentials = () => db.selectFrom('credentials').selectAll();
  const troubled = by(dialect, 'credentials', 'credentials_troubled');
  const ending = by(dialect, 'credentials', 'credentials_ending_of');
  return {
    ...attentionStore(db, dialect),

    async connectors(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom('connectors').selectAll().where('id', 'in', ids).orderBy('id').execute();
      return rows.map(connectorCodec.toRecord);
    },

    async agents(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom('agents').selectAll().where('id', 'in', ids).orderBy('id').execute();
      return rows.map(agentCodec.toRecord);
    },

    async figures(connectorIds, now) {
      if (connectorIds.length === 0) return [];
      // Each count stops at its bound: `limit` is within it.
      const upTo = (rows: ReturnType<typeof sql>) =>
        sql`(select cast(count(*) as integer) from (${rows} limit ${COUNTED_MAX}) as counted)`;
      const { rows } = await sql<ConnectorFigures>`
        select connectors.id as connector_id,
          ${upTo(sql`select 1 from tools where tools.connector_id = connectors.id and state = 'active'`)} as tools,
          ${upTo(sql`select 1 from tools where tools.connector_id = connectors.id
            and approved_digest is not null and state = 'active'`)} as changed_tools,
          ${upTo(sql`select distinct agent_id from grants where grants.connector_id = connectors.id
            and not exists (select 1 from connector_grants
              where connector_grants.agent_id = grants.agent_id and connector_grants.connector_id = connectors.id)`)}
          + ${upTo(sql`select 1 from connector_grants where connector_grants.connector_id = connectors.id`)} as granted,
          ${upTo(sql`select 1 from credentials where credentials.connector_id = connectors.id
            and owner > '' and slot = 'active'`)} as own,
          ${upTo(sql`select 1 from ${troubled} where credentials.connector_id = connectors.id
            and owner > '' and ${TROUBLED} and ${isBroken(now)}`)}
          + ${upTo(sql`select 1 from ${ending} where credentials.connector_id = connectors.id
            and owner > '' and ${ENDING} and expires_at <= ${now}`)} as broken
        from connectors where connectors.id in (${sql.join(connectorIds)})`.execute(db);
      return rows;
    },

    async shared(connectorIds) {
      if (connectorIds.length === 0) return [];
      const rows = await credentials().where('connectorId', 'in', connectorIds).where('owner', '=', '').execute();
      return rows.map(factsOf);
    },

    async own(agentIds, connectorIds) {
      if (agentIds.length === 0 || connectorIds.length === 0) return [];
      const some = credentials().where('owner', 'in', agentIds).where('slot', '=', 'active');
      if (agentIds.length * connectorIds.length <= PAIRS_MAX)
        return (await some.where('connectorId', 'in', connectorIds).execute()).map(factsOf);
      // A look at the index for each pair would be more than all that these agents have.
      const wanted = new Set(connectorIds);
      const rows = await some.where('agentId', 'in', agentIds).execute();
      return rows.filter(({ connectorId }) => wanted.has(connectorId)).map(factsOf);
    },

    async samples(connectorIds, now) {
      if (connectorIds.length === 0) return [];
      const first = (table: ReturnType<typeof sql>, which: ReturnType<typeof sql>, order: string) =>
        sql`(select id from ${table} where connector_id = connectors.id and owner > '' and ${which}
          order by ${sql.ref(order)} limit 1)`;
      const { rows } = await sql<Database['credentials']>`
        select * from credentials where id in (
          select coalesce(${first(troubled, sql`${TROUBLED} and ${isBroken(now)}`, 'id')},
            ${first(ending, sql`${ENDING} and expires_at <= ${now}`, 'expires_at')},
            ${first(sql`credentials`, sql`slot = 'active'`, 'owner')})
          from connectors where id in (${sql.join(connectorIds)}))`.execute(db);
      return rows.map(factsOf);
    },

    async tools(connectorIds) {
      if (connectorIds.length === 0) return [];
      return db
        .selectFrom('tools')
        .selectAll()
        .where('connectorId', 'in', connectorIds)
        .orderBy('connectorId')
        .orderBy('position')
        .orderBy('name')
        .execute();
    },

    async granted(agentIds, connectorId) {
      if (agentIds.length === 0) return [];
      let some = db.selectFrom('grants').select(['agentId', 'connectorId', count]).where('agentId', 'in', agentIds);
      let all = db.selectFrom('connectorGrants').selectAll().where('agentId', 'in', agentIds);
      if (connectorId !== undefined) {
        some = some.where('connectorId', '=', connectorId);
        all = all.where('connectorId', '=', connectorId);
      }
      const [single, whole] = await Promise.all([some.groupBy(['agentId', 'connectorId']).execute(), all.execute()]);
      const pairs = new Map(
        single.map(({ agentId, connectorId, count: tools }) => [
          `${agentId} ${connectorId}`,
          { agentId, connectorId, tools, all: false },
        ]),
      );
      for (const { agentId, connectorId } of whole) {
        const key = `${agentId} ${connectorId}`;
        pairs.set(key, { agentId, connectorId, tools: pairs.get(key)?.tools ?? 0, all: true });
      }
      return [...pairs.values()];
    },

    async callsByHour(by, ids, fromHour) {
      if (ids.length === 0) return [];
      const column = sql.ref(by === 'agentId' ? 'agent_id' : 'connector_id');
      const { rows } = await sql<CallsOfHour>`
        select ${column} as id, hour, cast(sum(calls) as bigint) as calls, cast(sum(errors) as bigint) as errors
        from call_hours
        where ${column} in (${sql.join(ids)}) and hour >= ${fromHour} and measure = 'gateway'
        group by ${column}, hour`.execute(db);
      return rows;
    },

    async lastCalls(agentIds) {
      if (agentIds.length === 0) return [];
      // One look at the index for each agent, not a walk through the log.
      const { rows } = await sql<{ agentId: string; at: number | null }>`
        select id as agent_id,
          (select at from calls where calls.agent_id = agents.id order by calls.id desc limit 1) as at
        from agents where id in (${sql.join(agentIds)})`.execute(db);
      return rows.flatMap(({ agentId, at }) => (at === null ? [] : [{ agentId, at }]));
    },

    async agentKeys(agentIds) {
      if (agentIds.length === 0) return [];
      return db
        .selectFrom('agentKeys')
        .select(({ fn }) => ['agentId', count, fn.max('lastUsedAt').as('lastUsedAt')])
        .where('agentId', 'in', agentIds)
        .groupBy('agentId')
        .execute();
    },

    async since(from) {
      const audit: RowTold[] = await db
        .selectFrom('audit')
        .select(['id', 'connectorId', 'agentId', 'action'])
        .where('id', '>=', from.audit)
        .limit(NEWS_MOST)
        .execute();
      const steps = await db
        .selectFrom('transcripts')
        .select(['id', 'connectorId', 'agentId'])
        .where('id', '>=', from.transcript)
        .limit(NEWS_MOST)
        .execute();
      const call = await db
        .selectFrom('calls')
        .select('id')
        .where('id', '>=', from.call)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return { rows: [...audit, ...steps.map((step) => ({ ...step, action: null }))], lastCall: call?.id ?? null };
    },
  };
}
