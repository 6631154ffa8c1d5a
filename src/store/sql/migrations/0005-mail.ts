// What one process leaves for another: the answer of an agent, or its word that it waits no longer, when it
// came to another process than the one that holds the call. Sealed, and gone after minutes.

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../schema.ts';

export function mailMigration(dialect: Dialect): Migration {
  const text = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const { schema } = db;
      await schema
        .createTable('mail')
        .addColumn('address', text, (column) => column.notNull().primaryKey())
        .addColumn('sealed', text, (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute();
      await schema.createIndex('mail_expires_at').on('mail').column('expires_at').execute();
    },
  };
}
