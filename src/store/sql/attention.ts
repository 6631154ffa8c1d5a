// What wants attention: found by the partial indexes of what is not well, up to a bound.

import type { Expression, SqlBool } from 'kysely';
import { sql } from 'kysely';
import type { CredentialFacts, OverviewStore, Owner } from '../store.ts';
import { factsOf } from './credential-facts.ts';
import type { Db, Dialect } from './schema.ts';
import { connectorCodec } from './schema.ts';
import { CHANGED, discoveredIssuer, ENDING, SHARED, TROUBLED, unreachable } from './troubled.ts';

type Attention = Pick<
  OverviewStore,
  | 'ended'
  | 'failing'
  | 'ending'
  | 'neverConnected'
  | 'withoutCredential'
  | 'unreachable'
  | 'changed'
  | 'registrationsEnding'
>;

export function attentionStore(db: Db, dialect: Dialect): Attention {
  const troubled = async (which: Expression<SqlBool>, limit: number): Promise<CredentialFacts[]> => {
    const rows = await db
      .selectFrom('credentials')
      .selectAll()
      .where(TROUBLED)
      .where(which)
      .orderBy('connectorId')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(factsOf);
  };
  const connectors = () => db.selectFrom('connectors').selectAll('connectors').orderBy('connectors.id');

  return {
    ended: (limit) => troubled(sql`state <> 'ok'`, limit),
    failing: (limit) => troubled(sql`state = 'ok'`, limit),
    async ending(before, limit) {
      const rows = await db
        .selectFrom('credentials')
        .selectAll()
        .where(ENDING)
        .where('expiresAt', '<', before)
        .orderBy('expiresAt')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(factsOf);
    },

    async neverConnected(limit) {
      const rows = await connectors()
        .where('credentialMode', '=', 'shared')
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('credentials')
                .select('credentials.connectorId')
                .whereRef('credentials.connectorId', '=', 'connectors.id')
                .where(SHARED),
            ),
          ),
        )
        .limit(limit)
        .execute();
      return rows.map(connectorCodec.toRecord);
    },

    async withoutCredential(looked, limit) {
      const among = (table: 'grants' | 'connector_grants') =>
        sql<Owner & { looked: number }>`
        with newest as (
          select distinct agent_id, connector_id from ${sql.table(table)}
          order by agent_id desc, connector_id desc limit ${looked})
        select newest.agent_id, newest.connector_id, (select count(*) from newest) as looked
        from newest
          join connectors on connectors.id = newest.connector_id and connectors.credential_mode = 'per_agent'
            and connectors.auth_type <> 'none'
        where not exists (
          select 1 from credentials where credentials.connector_id = newest.connector_id
            and credentials.owner = newest.agent_id and credentials.slot = 'active')
        order by newest.agent_id desc, newest.connector_id desc limit ${limit}`.execute(db);
      const count = async (table: 'grants' | 'connector_grants'): Promise<number> => {
        const { rows } = await sql<{ count: number }>`select count(*) as count from (
          select distinct agent_id, connector_id from ${sql.table(table)}
          order by agent_id desc, connector_id desc limit ${looked}) as newest`.execute(db);
        return Number(rows[0]?.count ?? 0);
      };
      const tables = ['grants', 'connector_grants'] as const;
      const [found, counts] = await Promise.all([Promise.all(tables.map(among)), Promise.all(tables.map(count))]);
      const pairs = new Map(
        found.flatMap(({ rows }) =>
          rows.map(({ agentId, connectorId }) => [`${agentId} ${connectorId}`, { agentId, connectorId }] as const),
        ),
      );
      return {
        pairs: [...pairs.values()].slice(0, limit),
        complete: counts.every((each) => each < looked) && pairs.size < limit,
      };
    },

    async unreachable(limit) {
      const rows = await connectors().where(unreachable(dialect)).limit(limit).execute();
      return rows.map(connectorCodec.toRecord);
    },

    async changed(limit) {
      const some = db.selectFrom('tools').select('connectorId').distinct().where(CHANGED).orderBy('connectorId');
      const rows = await connectors().where('connectors.id', 'in', some.limit(limit)).execute();
      return rows.map(connectorCodec.toRecord);
    },

    async registrationsEnding(before, limit) {
      const ends = await db
        .selectFrom('registrations')
        .select(['issuer', 'clientSecretExpiresAt'])
        .where('clientSecretExpiresAt', '<', before)
        .orderBy('clientSecretExpiresAt')
        .limit(limit)
        .execute();
      const found: { connector: ReturnType<typeof connectorCodec.toRecord>; expiresAt: number }[] = [];
      for (const { issuer, clientSecretExpiresAt: expiresAt } of ends) {
        if (expiresAt === null || found.length >= limit) continue;
        const rows = await connectors()
          .where(sql<boolean>`${discoveredIssuer(dialect)} = ${issuer}`)
          .where(({ exists, selectFrom }) =>
            exists(
              selectFrom('credentials')
                .select('credentials.id')
                .whereRef('credentials.connectorId', '=', 'connectors.id')
                .where('credentials.slot', '=', 'active')
                .where('credentials.registrationKind', '=', 'dynamic'),
            ),
          )
          .limit(limit)
          .execute();
        found.push(...rows.map((row) => ({ connector: connectorCodec.toRecord(row), expiresAt })));
      }
      return found;
    },
  };
}
