// The call log, and its sums an hour: rows of a histogram that grow in place, so that the statistics of
// millions of calls are read from some thousand rows. No foreign keys: both outlive what they tell of.

import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../schema.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const primary = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull().primaryKey();

export function callLogMigration(dialect: Dialect): Migration {
  const text = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const { schema } = db;
      await schema
        .createTable('calls')
        .addColumn('id', text, primary)
        .addColumn('at', 'bigint', required)
        .addColumn('agent_id', text, required)
        .addColumn('key_id', text, required)
        .addColumn('connector_id', text, required)
        .addColumn('tool_name', text)
        .addColumn('method', text, required)
        .addColumn('credential_id', text)
        .addColumn('generation', 'integer', required)
        .addColumn('tool_digest', text)
        .addColumn('outcome', text, required)
        .addColumn('error_code', text)
        .addColumn('gateway_micros', 'bigint', required)
        .addColumn('upstream_micros', 'bigint', required)
        .addColumn('bytes_in', 'bigint', required)
        .addColumn('bytes_out', 'bigint', required)
        .addColumn('era', text, required)
        .execute();
      await schema.createIndex('calls_agent').on('calls').columns(['agent_id', 'id']).execute();
      await schema.createIndex('calls_connector').on('calls').columns(['connector_id', 'id']).execute();
      await schema.createIndex('calls_tool').on('calls').columns(['tool_name', 'id']).execute();
      // Nearly every call is well, and nobody looks for those alone: the index holds the others.
      await sql`create index calls_outcome on calls (outcome, id) where outcome <> 'ok'`.execute(db);

      await schema
        .createTable('call_hours')
        .addColumn('hour', 'bigint', required)
        .addColumn('agent_id', text, required)
        .addColumn('connector_id', text, required)
        .addColumn('tool_name', text, required)
        .addColumn('measure', text, required)
        .addColumn('bucket', 'integer', required)
        .addColumn('calls', 'bigint', required)
        .addColumn('errors', 'bigint', required)
        .addPrimaryKeyConstraint('call_hours_pkey', [
          'hour',
          'agent_id',
          'connector_id',
          'tool_name',
          'measure',
          'bucket',
        ])
        .execute();
      await schema.createIndex('call_hours_agent').on('call_hours').columns(['agent_id', 'hour']).execute();
    },
  };
}
