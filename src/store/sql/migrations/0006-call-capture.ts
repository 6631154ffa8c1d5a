// What connectors let the call log keep of arguments and results: a setting, and a table of its own, so that
// the log itself stays as small as it was. No foreign key: a capture goes with its call, by age.

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../schema.ts';

export function callCaptureMigration(dialect: Dialect): Migration {
  const text = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
  return {
    async up({ schema }: Kysely<unknown>): Promise<void> {
      await schema
        .alterTable('connectors')
        .addColumn('capture', text, (column) => column.notNull().defaultTo('off'))
        .execute();
      await schema
        .createTable('call_captures')
        .addColumn('id', text, (column) => column.notNull().primaryKey())
        .addColumn('sealed', text, (column) => column.notNull())
        .execute();
    },
  };
}
