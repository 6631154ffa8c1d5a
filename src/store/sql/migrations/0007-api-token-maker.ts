// Who made an API token: it ends with its maker. Of older ones the audit log knows, where it reaches back that far.

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../schema.ts';

export function apiTokenMakerMigration(dialect: Dialect): Migration {
  const text = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable('api_tokens').addColumn('created_by', text).execute();
      await sql`
        update api_tokens set created_by = (
          select min(audit.actor) from audit
          where audit.action = 'api_token.created'
            and audit.detail like '%"tokenId":"' || api_tokens.id || '"%'
        )`.execute(db);
    },
  };
}
