// People who sign in. The `auth_` tables are better-auth's: their columns and types are what its Kysely adapter
// asks for (dates are ISO text on SQLite), and a test compares them with its own plan, so that an update that
// wants another column fails there and not at a sign-in. `attempts` counts what is limited, across processes.

import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../schema.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const primary = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().primaryKey();
const unique = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().unique();
const ofUser = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().references('auth_users.id').onDelete('cascade');

export function peopleMigration(dialect: Dialect): Migration {
  const text = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
  const date = dialect === 'postgres' ? sql`timestamptz` : sql`date`;
  const flag = dialect === 'postgres' ? sql`boolean` : sql`integer`;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const { schema } = db;
      await schema
        .createTable('auth_users')
        .addColumn('id', text, primary)
        .addColumn('name', text, required)
        .addColumn('email', text, unique)
        .addColumn('email_verified', flag, required)
        .addColumn('image', text)
        .addColumn('role', text, required)
        .addColumn('enabled', flag, required)
        .addColumn('created_at', date, required)
        .addColumn('updated_at', date, required)
        .execute();
      await schema
        .createTable('auth_sessions')
        .addColumn('id', text, primary)
        .addColumn('token', text, unique)
        .addColumn('user_id', text, ofUser)
        .addColumn('expires_at', date, required)
        .addColumn('ip_address', text)
        .addColumn('user_agent', text)
        .addColumn('created_at', date, required)
        .addColumn('updated_at', date, required)
        .execute();
      await schema.createIndex('auth_sessions_user_id_idx').on('auth_sessions').column('user_id').execute();
      await schema
        .createTable('auth_accounts')
        .addColumn('id', text, primary)
        .addColumn('account_id', text, required)
        .addColumn('provider_id', text, required)
        .addColumn('user_id', text, ofUser)
        .addColumn('access_token', text)
        .addColumn('refresh_token', text)
        .addColumn('id_token', text)
        .addColumn('access_token_expires_at', date)
        .addColumn('refresh_token_expires_at', date)
        .addColumn('scope', text)
        .addColumn('password', text)
        .addColumn('created_at', date, required)
        .addColumn('updated_at', date, required)
        .execute();
      await schema.createIndex('auth_accounts_user_id_idx').on('auth_accounts').column('user_id').execute();
      await schema
        .createTable('auth_verifications')
        .addColumn('id', text, primary)
        .addColumn('identifier', text, required)
        .addColumn('value', text, required)
        .addColumn('expires_at', date, required)
        .addColumn('created_at', date, required)
        .addColumn('updated_at', date, required)
        .execute();
      await schema
        .createIndex('auth_verifications_identifier_idx')
        .on('auth_verifications')
        .column('identifier')
        .execute();

      await schema
        .createTable('attempts')
        .addColumn('key', text, primary)
        .addColumn('count', 'integer', required)
        .addColumn('ends_at', 'bigint', required)
        .execute();
    },
  };
}
