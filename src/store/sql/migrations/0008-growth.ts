// Indexes alone, for what became slow with a million credentials: what wants attention is found without looking at
// what is well, and a page of a list reads the rows of that page. The partial ones hold few rows.

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../schema.ts';
import { CHANGED, discoveredIssuer, ENDING, PENDING, SHARED, TROUBLED, unreachable } from '../troubled.ts';

export function growthMigration(dialect: Dialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const statements = [
        sql`create index credentials_troubled on credentials (connector_id, id, state) where ${TROUBLED}`,
        sql`create index credentials_ending on credentials (expires_at, id) where ${ENDING}`,
        sql`create index credentials_ending_of on credentials (connector_id, expires_at) where ${ENDING}`,
        sql`create index credentials_pending on credentials (connector_id, id) where ${PENDING}`,
        sql`create index credentials_shared on credentials (connector_id) where ${SHARED}`,
        sql`create index connectors_mode on connectors (credential_mode, id)`,
        sql`create index connectors_unreachable on connectors (id) where ${unreachable(dialect)}`,
        sql`create index connectors_issuer on connectors (${discoveredIssuer(dialect)})`,
        sql`create index tools_changed on tools (connector_id) where ${CHANGED}`,
        sql`create index grants_agents on grants (connector_id, agent_id)`,
        sql`create index agents_search on agents (id, lower(name))`,
        sql`create index registrations_end on registrations (client_secret_expires_at)`,
        sql`create index call_hours_connector on call_hours (connector_id, hour)`,
        sql`create index auth_verifications_expires_at_idx on auth_verifications (expires_at)`,
        sql`create index attempts_end on attempts (ends_at)`,
      ];
      for (const statement of statements) await statement.execute(db);
    },
  };
}
