// What agents may do and how changes to it travel: whole connectors granted, tools that wait for review,
// limits, and a counter by which every process on the database notices that an answer it kept is old.

import type { ColumnDefinitionBuilder, Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../schema.ts';

const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
const NO_CONNECTOR_LIMITS = '{"callsInFlight":null,"timeoutSeconds":null}';
const NO_AGENT_LIMITS = '{"callsPerMinute":null,"callsInFlight":null}';

export function agentAccessMigration(dialect: Dialect): Migration {
  const text = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const { schema } = db;
      // One column a statement: SQLite adds no more at once.
      const connectors = () => schema.alterTable('connectors');
      await connectors()
        .addColumn('tool_review', text, (column) => column.notNull().defaultTo('notify'))
        .execute();
      await connectors()
        .addColumn('limits', text, (column) => column.notNull().defaultTo(NO_CONNECTOR_LIMITS))
        .execute();
      await connectors()
        .addColumn('tools_revision', 'integer', (column) => column.notNull().defaultTo(0))
        .execute();
      await schema
        .alterTable('agents')
        .addColumn('limits', text, (column) => column.notNull().defaultTo(NO_AGENT_LIMITS))
        .execute();
      await schema.alterTable('tools').addColumn('approved_digest', text).execute();
      await schema.alterTable('tools').addColumn('approved_definition', text).execute();

      await schema
        .createTable('connector_grants')
        .addColumn('agent_id', text, (column) => column.notNull().references('agents.id').onDelete('cascade'))
        .addColumn('connector_id', text, (column) => column.notNull().references('connectors.id').onDelete('cascade'))
        .addPrimaryKeyConstraint('connector_grants_pkey', ['agent_id', 'connector_id'])
        .execute();
      await schema.createIndex('connector_grants_connector').on('connector_grants').column('connector_id').execute();

      // Whether anybody was granted a tool is asked when it changes; the longer index serves the cascade too.
      await schema.createIndex('grants_tool').on('grants').columns(['connector_id', 'tool_name']).execute();
      await schema.dropIndex('grants_connector').execute();

      await schema
        .createTable('revisions')
        .addColumn('name', text, (column) => column.notNull().primaryKey())
        .addColumn('value', 'bigint', required)
        .execute();
      await sql`insert into revisions (name, value) values ('access', 0)`.execute(db);
    },
  };
}
