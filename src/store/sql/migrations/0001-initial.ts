// The first schema. Times are milliseconds since the epoch, flags 0 or 1, JSON is text (see codec.ts).
// Ids and names compare by bytes on both databases (collation "C" is what SQLite does anyway), so that
// a keyset page has one order everywhere, whatever locale the PostgreSQL database was created with.

import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../schema.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const primary = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().primaryKey();
const unique = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().unique();
const ofConnector = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.notNull().references('connectors.id').onDelete('cascade');
const ofAgent = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
  column.references('agents.id').onDelete('cascade');

export function initialMigration(dialect: Dialect): Migration {
  const text = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const { schema } = db;
      await schema
        .createTable('connectors')
        .addColumn('id', text, primary)
        .addColumn('key', text, unique)
        .addColumn('name', text, unique)
        .addColumn('url', text, required)
        .addColumn('auth_type', text, required)
        .addColumn('credential_mode', text)
        .addColumn('header_name', text)
        .addColumn('header_names', text, required)
        .addColumn('sealed_headers', text)
        .addColumn('oauth', text)
        .addColumn('sealed_client', text)
        .addColumn('client_set_at', 'bigint')
        .addColumn('discovery', text)
        .addColumn('protocol', text)
        .addColumn('reachability', text)
        .addColumn('tools_synced_at', 'bigint')
        .addColumn('tools_error', text)
        .addColumn('sync_due_at', 'bigint')
        .addColumn('sync_failures', 'integer', required)
        .addColumn('created_at', 'bigint', required)
        .addColumn('updated_at', 'bigint', required)
        .execute();
      await schema.createIndex('connectors_sync_due').on('connectors').columns(['sync_due_at', 'id']).execute();

      await schema
        .createTable('authorization_servers')
        .addColumn('issuer', text, primary)
        .addColumn('metadata', text, required)
        .addColumn('metadata_url', text)
        .addColumn('fetched_at', 'bigint', required)
        .addColumn('expires_at', 'bigint', required)
        .execute();

      await schema
        .createTable('registrations')
        .addColumn('id', text, primary)
        .addColumn('issuer', text, required)
        .addColumn('redirect_uri', text, required)
        .addColumn('token_endpoint_auth_method', text, required)
        .addColumn('sealed', text, required)
        .addColumn('client_secret_expires_at', 'bigint')
        .addColumn('created_at', 'bigint', required)
        .addUniqueConstraint('registrations_issuer_redirect_uri_key', ['issuer', 'redirect_uri'])
        .execute();

      await schema
        .createTable('agents')
        .addColumn('id', text, primary)
        .addColumn('name', text, unique)
        .addColumn('enabled', 'integer', required)
        .addColumn('created_at', 'bigint', required)
        .addColumn('updated_at', 'bigint', required)
        .execute();

      await schema
        .createTable('agent_keys')
        .addColumn('id', text, primary)
        .addColumn('agent_id', text, (column) => ofAgent(column).notNull())
        .addColumn('hash', text, unique)
        .addColumn('label', text, required)
        .addColumn('prefix', text, required)
        .addColumn('created_at', 'bigint', required)
        .addColumn('expires_at', 'bigint')
        .addColumn('last_used_at', 'bigint')
        .execute();
      await schema.createIndex('agent_keys_agent').on('agent_keys').columns(['agent_id', 'id']).execute();

      await schema
        .createTable('flows')
        .addColumn('id', text, primary)
        .addColumn('ticket_hash', text, unique)
        .addColumn('state_hash', text, (column) => column.unique())
        .addColumn('browser_hash', text)
        .addColumn('connector_id', text, ofConnector)
        .addColumn('agent_id', text, ofAgent)
        .addColumn('status', text, required)
        .addColumn('issuer', text, required)
        .addColumn('metadata', text, required)
        .addColumn('resource', text)
        .addColumn('redirect_uri', text, required)
        .addColumn('scope', text)
        .addColumn('registration_kind', text, required)
        .addColumn('registration_id', text)
        .addColumn('sealed', text, required)
        .addColumn('return_to', text)
        .addColumn('restarts', 'integer', required)
        .addColumn('started_by', text, required)
        .addColumn('outcome', text)
        .addColumn('created_at', 'bigint', required)
        .addColumn('expires_at', 'bigint', required)
        .execute();
      await schema.createIndex('flows_connector').on('flows').column('connector_id').execute();
      await schema.createIndex('flows_agent').on('flows').column('agent_id').execute();
      await schema.createIndex('flows_expires').on('flows').column('expires_at').execute();

      await schema
        .createTable('credentials')
        .addColumn('id', text, primary)
        .addColumn('connector_id', text, ofConnector)
        .addColumn('agent_id', text, ofAgent)
        .addColumn('owner', text, required)
        .addColumn('slot', text, required)
        .addColumn('kind', text, required)
        .addColumn('sealed', text, required)
        .addColumn('generation', 'integer', required)
        .addColumn('issuer', text)
        .addColumn('resource', text)
        .addColumn('scope', text)
        .addColumn('registration_kind', text)
        .addColumn('registration_id', text)
        .addColumn('expires_at', 'bigint')
        .addColumn('refreshable', 'integer', required)
        .addColumn('state', text, required)
        .addColumn('reason', text)
        .addColumn('state_at', 'bigint', required)
        .addColumn('missing_scope', text)
        .addColumn('set_at', 'bigint', required)
        .addColumn('refreshed_at', 'bigint')
        .addColumn('refresh_failures', 'integer', required)
        .addColumn('refresh_after', 'bigint')
        .addColumn('refresh_started_at', 'bigint')
        .addUniqueConstraint('credentials_connector_id_owner_slot_key', ['connector_id', 'owner', 'slot'])
        .execute();
      await schema.createIndex('credentials_agent').on('credentials').column('agent_id').execute();
      // With the state in front of the time, dead credentials do not pile up at the head of every search.
      await schema
        .createIndex('credentials_refresh_due')
        .on('credentials')
        .columns(['slot', 'refreshable', 'state', 'expires_at', 'id'])
        .execute();

      await schema
        .createTable('tools')
        .addColumn('connector_id', text, ofConnector)
        .addColumn('name', text, required)
        .addColumn('definition', text, required)
        .addColumn('digest', text, required)
        .addColumn('state', text, required)
        .addColumn('position', 'integer', required)
        .addColumn('first_seen_at', 'bigint', required)
        .addColumn('changed_at', 'bigint', required)
        .addColumn('gone_at', 'bigint')
        .addPrimaryKeyConstraint('tools_pkey', ['connector_id', 'name'])
        .execute();
      await schema.createIndex('tools_state').on('tools').columns(['connector_id', 'state']).execute();

      await schema
        .createTable('tool_listings')
        .addColumn('connector_id', text, required)
        .addColumn('tool_name', text, required)
        .addColumn('owner', text, required)
        .addPrimaryKeyConstraint('tool_listings_pkey', ['connector_id', 'tool_name', 'owner'])
        .addForeignKeyConstraint(
          'tool_listings_tool_fkey',
          ['connector_id', 'tool_name'],
          'tools',
          ['connector_id', 'name'],
          (constraint) => constraint.onDelete('cascade'),
        )
        .execute();
      await schema
        .createIndex('tool_listings_owner')
        .on('tool_listings')
        .columns(['owner', 'connector_id', 'tool_name'])
        .execute();

      // No foreign key to tools: a grant outlives the tool's absence.
      await schema
        .createTable('grants')
        .addColumn('agent_id', text, (column) => ofAgent(column).notNull())
        .addColumn('connector_id', text, ofConnector)
        .addColumn('tool_name', text, required)
        .addPrimaryKeyConstraint('grants_pkey', ['agent_id', 'connector_id', 'tool_name'])
        .execute();
      await schema.createIndex('grants_connector').on('grants').column('connector_id').execute();

      await schema
        .createTable('api_tokens')
        .addColumn('id', text, primary)
        .addColumn('hash', text, unique)
        .addColumn('label', text, required)
        .addColumn('prefix', text, required)
        .addColumn('role', text, required)
        .addColumn('created_at', 'bigint', required)
        .addColumn('expires_at', 'bigint')
        .addColumn('last_used_at', 'bigint')
        .execute();

      // No foreign keys: the audit log outlives what it tells of.
      await schema
        .createTable('audit')
        .addColumn('id', text, primary)
        .addColumn('at', 'bigint', required)
        .addColumn('actor', text, required)
        .addColumn('action', text, required)
        .addColumn('connector_id', text)
        .addColumn('agent_id', text)
        .addColumn('credential_id', text)
        .addColumn('detail', text, required)
        .execute();
      await schema.createIndex('audit_connector').on('audit').columns(['connector_id', 'id']).execute();
      await schema.createIndex('audit_agent').on('audit').columns(['agent_id', 'id']).execute();
      await schema.createIndex('audit_action').on('audit').columns(['action', 'id']).execute();
      await schema.createIndex('audit_at').on('audit').column('at').execute();

      await schema
        .createTable('transcripts')
        .addColumn('id', text, primary)
        .addColumn('connector_id', text, ofConnector)
        .addColumn('agent_id', text)
        .addColumn('operation_id', text, required)
        .addColumn('operation', text, required)
        .addColumn('at', 'bigint', required)
        .addColumn('step', text, required)
        .addColumn('method', text)
        .addColumn('url', text)
        .addColumn('status', 'integer')
        .addColumn('duration_ms', 'bigint')
        .addColumn('decision', text)
        .execute();
      await schema.createIndex('transcripts_connector').on('transcripts').columns(['connector_id', 'id']).execute();

      await schema
        .createTable('leases')
        .addColumn('name', text, primary)
        .addColumn('holder', text, required)
        .addColumn('expires_at', 'bigint', required)
        .execute();
      await schema.createIndex('leases_expires').on('leases').column('expires_at').execute();

      await schema.createTable('meta').addColumn('key', text, primary).addColumn('value', text, required).execute();
    },
  };
}
