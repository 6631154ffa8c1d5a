// A dump: one schema that once was, on one database, as the statements that make it, with rows in every table and
// the facts that a test needs to use them. A dump is written once and never changed.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Dialect } from '../../src/store/sql/schema.ts';

export type Row = { readonly [column: string]: string | number | null };
export type Rows = ReadonlyMap<string, readonly Row[]>;

/** What the rows hold that nobody can read in them. All of it is made up, by stand-ins for providers. */
export type DumpFacts = {
  readonly encryptionKeys: string;
  readonly agentKey: string;
  /** Names under which the agent of this key sees its tools. */
  readonly tools: readonly string[];
  readonly email: string;
  readonly password: string;
  readonly environment: { readonly [variable: string]: string };
  /** What each credential yields. */
  readonly credentials: readonly {
    readonly connectorId: string;
    readonly agentId: string | null;
    readonly headers: { readonly [name: string]: string };
  }[];
};

export type Dump = {
  readonly facts: DumpFacts;
  readonly schema: readonly string[];
  /** Also of which migrations have run. */
  readonly rows: readonly string[];
};

const FACTS = '-- facts: ';
/** Between the statements of the schema and those of the rows. */
const ROWS = '-- rows';
const END_OF_STATEMENT = ';\n';

export const dumpFile = (dialect: Dialect, name: string): string =>
  fileURLToPath(new URL(`./dumps/${name}.${dialect}.sql`, import.meta.url));

export function readDump(dialect: Dialect, name: string): Dump {
  const lines = readFileSync(dumpFile(dialect, name), 'utf8').split('\n');
  const facts = lines.find((line) => line.startsWith(FACTS));
  const body = lines.filter((line) => !line.startsWith('-- ') || line === ROWS).join('\n');
  const [schema = '', rows = ''] = body.split(`${ROWS}\n`);
  const statements = (text: string) => text.split(END_OF_STATEMENT).filter((each) => each.trim() !== '');
  return { facts: JSON.parse(facts?.slice(FACTS.length) ?? ''), schema: statements(schema), rows: statements(rows) };
}

export function dumpText(title: string, { facts, schema, rows }: Dump): string {
  const ended = (statements: readonly string[]) => statements.map((each) => each + END_OF_STATEMENT).join('');
  return [
    `-- ${title}\n`,
    '-- Written by `npm run schema-dumps`; never changed.\n',
    `${FACTS}${JSON.stringify(facts)}\n`,
    ended(schema),
    `${ROWS}\n`,
    ended(rows),
  ].join('');
}

/** A row as a statement; the `auth_` columns have types of their own on PostgreSQL. */
export function insertOf(dialect: Dialect, table: string, row: Row): string {
  const literals = Object.entries(row).map(([column, value]) => {
    if (value === null) return 'null';
    if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
    const isFlag = table === 'auth_users' && (column === 'enabled' || column === 'email_verified');
    return isFlag && dialect === 'postgres' ? String(value === 1) : String(value);
  });
  return `insert into "${table}" (${Object.keys(row).map((name) => `"${name}"`)}) values (${literals.join(', ')})`;
}
