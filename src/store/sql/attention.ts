// What wants attention: found by the partial indexes of what is not well, up to a bound.

import type { RawBuilder } from 'kysely';
import { sql } from 'kysely';
import type { CredentialFacts, OverviewStore, Owner } from '../store.ts';
import { factsOf } from './credential-facts.ts';
import type { Database, Db, Dialect } from './schema.ts';
import { connectorCodec } from './schema.ts';
import { by, CHANGED, discoveredIssuer, ENDING, SHARED, TROUBLED, unreachable } from './troubled.ts';

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
  const rowsOf = async (statement: RawBuilder<Database['credentials']>): Promise<CredentialFacts[]> =>
    (await statement.execute(db)).rows.map(factsOf);
  const troubled = (which: RawBuilder<boolean>, limit: number) =>
    rowsOf(sql`select * from ${by(dialect, 'credentials', 'credentials_troubled')}
      where ${TROUBLED} and ${which} order by connector_id, id limit ${limit}`);
  const connectors = () => db.selectFrom('connectors').selectAll('connectors').orderBy('connectors.id');

  return {
    ended: (limit) => troubled(sql`state in ('reauthorization_required', 'needs_scope')`, limit),
    failing: (limit) => troubled(sql`state = 'ok'`, limit),
    ending: (before, limit) =>
      rowsOf(sql`select * from ${by(dialect, 'credentials', 'credentials_ending')}
        where ${ENDING} and expires_at < ${before} order by expires_at, id limit ${limit}`),

    async neverConnected(limit) {
      const some = sql`(select id from connectors where credential_mode = 'shared' and not exists (
        select 1 from ${by(dialect, 'credentials', 'credentials_shared')}
        where credentials.connector_id = connectors.id and ${SHARED}) order by id limit ${limit})`;
      const rows = await connectors().where(sql<boolean>`connectors.id in ${some}`).execute();
      return rows.map(connectorCodec.toRecord);
    },

    async withoutCredential(looked, limit) {
      const newest = (table: string) => sql`(
        select distinct agent_id, connector_id from ${by(dialect, table, `sqlite_autoindex_${table}_1`)}
        order by agent_id desc, connector_id desc limit ${looked}) as newest`;
      const among = async (table: string) => {
        const [{ rows }, counted] = await Promise.all([
          sql<Owner>`
            select newest.agent_id, newest.connector_id from ${newest(table)}
              join connectors on connectors.id = newest.connector_id
            where connectors.credential_mode = 'per_agent' and connectors.auth_type <> 'none' and not exists (
              select 1 from credentials where credentials.connector_id = newest.connector_id
                and credentials.owner = newest.agent_id and credentials.slot = 'active')
            order by newest.agent_id desc, newest.connector_id desc limit ${limit}`.execute(db),
          sql<{ count: number }>`select cast(count(*) as integer) as count from ${newest(table)}`.execute(db),
        ]);
        return { rows, isAll: (counted.rows[0]?.count ?? 0) < looked };
      };
      const found = await Promise.all(['grants', 'connector_grants'].map(among));
      const pairs = new Map(
        found.flatMap(({ rows }) =>
          rows.map(({ agentId, connectorId }) => [`${agentId} ${connectorId}`, { agentId, connectorId }] as const),
        ),
      );
      return {
        pairs: [...pairs.values()].slice(0, limit),
        complete: found.every(({ isAll }) => isAll) && pairs.size < limit,
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
