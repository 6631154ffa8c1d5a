// Many agents with ten grants each, written straight into the database that a hub made: a hundred thousand of
// them over the API would be another benchmark.

import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

const BATCH = 5_000;
const GRANTS = 10;

type Values = readonly (string | number)[];
export type Writer = {
  readonly dialect: 'sqlite' | 'postgres';
  /** One statement that writes. */
  run(statement: string): Promise<void>;
  insert(table: string, columns: readonly string[], rows: readonly Values[]): Promise<void>;
  /** What every process on the database sees when grants were changed. */
  raiseAccess(): Promise<void>;
  close(): Promise<void>;
};

export type FillOptions = {
  readonly count: number;
  readonly connectorId: string;
  /** The tool that every agent is granted, and those of which each gets others. */
  readonly common: string;
  readonly others: readonly string[];
};

/** Answers the key of each agent. */
export async function fillAgents(writer: Writer, options: FillOptions): Promise<readonly string[]> {
  const { count, connectorId, common, others } = options;
  const now = Date.now();
  const keys: string[] = [];
  try {
    for (let first = 0; first < count; first += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, count - first) }, (_, i) => first + i);
      const idOf = (number: number): string => `agt_bench${String(number).padStart(8, '0')}`;
      const made = numbers.map((number) => `chla_${digest(`bench ${number}`)}`);
      keys.push(...made);
      await writer.insert(
        'agents',
        ['id', 'name', 'enabled', 'created_at', 'updated_at'],
        numbers.map((number) => [idOf(number), `Agent ${number}`, 1, now, now]),
      );
      await writer.insert(
        'agent_keys',
        ['id', 'agent_id', 'hash', 'label', 'prefix', 'created_at'],
        numbers.map((number, i) => {
          const key = made[i] ?? '';
          return [`key_bench${String(number).padStart(8, '0')}`, idOf(number), digest(key), '', key.slice(0, 11), now];
        }),
      );
      await writer.insert(
        'grants',
        ['agent_id', 'connector_id', 'tool_name'],
        numbers.flatMap((number) =>
          [common, ...Array.from({ length: GRANTS - 1 }, (_, i) => others[(number + i) % others.length] ?? '')].map(
            (tool) => [idOf(number), connectorId, tool],
          ),
        ),
      );
    }
    await writer.raiseAccess();
  } finally {
    await writer.close();
  }
  return keys;
}

export function sqliteWriter(file: string): Writer {
  const db = new DatabaseSync(file);
  db.exec('pragma busy_timeout = 10000; pragma synchronous = normal');
  return {
    dialect: 'sqlite',
    async run(statement) {
      db.exec(statement);
    },
    async insert(table, columns, rows) {
      const statement = db.prepare(
        `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
      );
      db.exec('begin immediate');
      for (const row of rows) statement.run(...row);
      db.exec('commit');
    },
    async raiseAccess() {
      // As the hub does when it opens a database.
      db.exec('pragma optimize = 0x10002');
      db.exec("update revisions set value = value + 1 where name = 'access'");
    },
    async close() {
      db.close();
    },
  };
}

export async function postgresWriter(url: string): Promise<Writer> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    dialect: 'postgres',
    async run(statement) {
      await client.query(statement);
    },
    async insert(table, columns, rows) {
      const arrays = columns.map((_, i) => rows.map((row) => row[i]));
      const types = columns.map((_, i) => (typeof rows[0]?.[i] === 'number' ? 'bigint[]' : 'text[]'));
      const selected = types.map((type, i) => `$${i + 1}::${type}`);
      await client.query(
        `insert into ${table} (${columns.join(', ')}) select * from unnest(${selected.join(', ')})`,
        arrays,
      );
    },
    async raiseAccess() {
      // With statistics as a database has them that grew to this size.
      await client.query('analyze');
      await client.query("update revisions set value = value + 1 where name = 'access'");
    },
    async close() {
      await client.end();
    },
  };
}

/** SHA-256 in base64url, as the hub keeps keys. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
