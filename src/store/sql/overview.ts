// The figures of whole pages. Counts come back as numbers from both databases (see the drivers), but for those of
// SQL's own functions, which are cast.

import { sql } from 'kysely';
import type { CredentialFacts, OverviewStore, RowTold } from '../store.ts';
import type { Db } from './schema.ts';
import { credentialCodec } from './schema.ts';

/** More news than this at once is told as "something changed". */
const NEWS_MOST = 500;

const count = sql<number>`cast(count(*) as integer)`.as('count');

export function overviewStore(db: Db): OverviewStore {
  return {
    async credentials() {
      const rows = await db.selectFrom('credentials').selectAll().where('slot', '=', 'active').orderBy('id').execute();
      return rows.map(({ owner: _owner, ...row }) => {
        const { sealed: _sealed, ...facts } = credentialCodec.toRecord(row);
        return facts satisfies CredentialFacts;
      });
    },

    async granted() {
      const [single, whole] = await Promise.all([
        db.selectFrom('grants').select(['agentId', 'connectorId', count]).groupBy(['agentId', 'connectorId']).execute(),
        db.selectFrom('connectorGrants').selectAll().execute(),
      ]);
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

    async changedTools() {
      return db
        .selectFrom('tools')
        .select(['connectorId', count])
        .where('approvedDigest', 'is not', null)
        .where('state', '=', 'active')
        .groupBy('connectorId')
        .execute();
    },

    async callsByHour(by, fromHour) {
      return db
        .selectFrom('callHours')
        .select([
          `${by} as id`,
          'hour',
          sql<number>`cast(sum(calls) as bigint)`.as('calls'),
          sql<number>`cast(sum(errors) as bigint)`.as('errors'),
        ])
        .where('measure', '=', 'gateway')
        .where('hour', '>=', fromHour)
        .groupBy([by, 'hour'])
        .execute();
    },

    async lastCalls() {
      // One look at the index for each agent, not a walk through the log.
      const { rows } = await sql<{ agentId: string; at: number | null }>`
        select id as agent_id,
          (select at from calls where calls.agent_id = agents.id order by calls.id desc limit 1) as at
        from agents`.execute(db);
      return rows.flatMap(({ agentId, at }) => (at === null ? [] : [{ agentId, at }]));
    },

    async agentKeys() {
      return db
        .selectFrom('agentKeys')
        .select(({ fn }) => ['agentId', count, fn.max('lastUsedAt').as('lastUsedAt')])
        .groupBy('agentId')
        .execute();
    },

    async expiringRegistrations(before) {
      const rows = await db
        .selectFrom('registrations')
        .select(['issuer', 'clientSecretExpiresAt'])
        .where('clientSecretExpiresAt', '<', before)
        .execute();
      return rows.flatMap(({ issuer, clientSecretExpiresAt: expiresAt }) =>
        expiresAt === null ? [] : [{ issuer, expiresAt }],
      );
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
