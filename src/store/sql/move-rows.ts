// Copies every row of an embedded database into PostgreSQL and reads each one back. It goes by what the databases
// say of themselves, not by a list, so that no table or column of a later migration can be forgotten.

import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { CompiledQuery } from 'kysely';
import { ChatelaineError } from '../../errors.ts';
import { MIGRATIONS_TABLE, SERVES_FROM_KEY } from './migrate.ts';
import type { Trx } from './transaction.ts';

const ROWS_AT_ONCE = 500;
/** Definitions of tools can be long; this much text goes in one statement. */
const CHARACTERS_AT_ONCE = 4_000_000;
/** Not moved: what the migrations themselves keep, on either side, and what is in a backup alone. */
const BOOKKEEPING = new Set([MIGRATIONS_TABLE, 'chatelaine_migration_lock', 'chatelaine_backup']);

/** Rows that the migrations write, and no hub: a database with these alone is empty. */
const ROWS_OF_SCHEMA: { readonly [table: string]: string } = {
  meta: `key = '${SERVES_FROM_KEY}'`,
  revisions: "name = 'access' and value = 0",
};
/** Told by the target of its own schema: that of the source may have come about otherwise. */
const KEPT_OF_TARGET: { readonly [table: string]: string | undefined } = { meta: ROWS_OF_SCHEMA.meta };

export type Table = { readonly name: string; readonly columns: readonly string[]; readonly key: readonly string[] };
export type MovedTable = { readonly table: string; readonly rows: number };

type Value = string | number | boolean | null;
type Row = { readonly [column: string]: Value };

/** Tables with data of the hub, each after those that its rows refer to. */
export function tablesOf(source: DatabaseSync): readonly Table[] {
  const names = source
    .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite!_%' escape '!'")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !BOOKKEEPING.has(name));
  const ordered: string[] = [];
  const visit = (name: string): void => {
    if (ordered.includes(name)) return;
    for (const { table } of source.prepare('select "table" from pragma_foreign_key_list(?)').all(name)) {
      if (table !== name) visit(String(table));
    }
    ordered.push(name);
  };
  for (const name of names.sort()) visit(name);
  return ordered.map((name) => {
    const columns = source.prepare('select name, pk from pragma_table_info(?) order by cid').all(name);
    const key = columns.filter(({ pk }) => Number(pk) > 0).sort((a, b) => Number(a.pk) - Number(b.pk));
    return { name, columns: columns.map(nameOf), key: key.map(nameOf) };
  });
}

/** How many rows of the hub each table of the target holds, where it holds any; a table may be missing. */
export async function rowsIn(target: Trx, tables: readonly Table[]): Promise<readonly MovedTable[]> {
  const found: MovedTable[] = [];
  for (const { name } of tables) {
    const [{ there } = { there: false }] = await ask<{ there: boolean }>(
      target,
      'select to_regclass($1) is not null as there',
      [quoted(name)],
    );
    if (!there) continue;
    const [{ rows } = { rows: 0 }] = await ask<{ rows: number }>(
      target,
      `select count(*) as rows from ${quoted(name)} where ${allBut(ROWS_OF_SCHEMA[name])}`,
    );
    if (rows > 0) found.push({ table: name, rows });
  }
  return found;
}

/**
 * Copies all rows into the locked, empty tables of `target` and compares each with its original, column by column.
 *
 * @throws conflict when the schemas differ, invalid_request for a row that PostgreSQL cannot hold, store_unavailable
 *   when a row came out other than it went in
 */
export async function moveRows(
  source: DatabaseSync,
  target: Trx,
  tables: readonly Table[],
): Promise<readonly MovedTable[]> {
  const moved: MovedTable[] = [];
  for (const table of tables) {
    const types = await typesOf(target, table);
    await ask(target, `delete from ${quoted(table.name)} where ${allBut(KEPT_OF_TARGET[table.name])}`);
    await copy(source, target, table, types);
    moved.push({ table: table.name, rows: await compare(source, target, table, types) });
  }
  return moved;
}

async function typesOf(target: Trx, { name, columns }: Table): Promise<ReadonlyMap<string, string>> {
  const found = await ask<{ name: string; type: string }>(
    target,
    'select column_name as name, data_type as type from information_schema.columns where table_schema = current_schema() and table_name = $1',
    [name],
  );
  const types = new Map(found.map((column) => [column.name, column.type]));
  if (types.size === columns.length && columns.every((column) => types.has(column))) return types;
  throw new ChatelaineError('conflict', `The schemas differ in the table ${name}: one is of another version.`);
}

async function copy(
  source: DatabaseSync,
  target: Trx,
  table: Table,
  types: ReadonlyMap<string, string>,
): Promise<void> {
  const columns = table.columns.map(quoted).join(', ');
  for (const rows of batches(rowsOf(source, table))) {
    const values = rows.flatMap((row) => table.columns.map((column) => storable(table, row, column, types)));
    const places = rows.map((_, at) => `(${table.columns.map((__, i) => `$${at * table.columns.length + i + 1}`)})`);
    await ask(target, `insert into ${quoted(table.name)} (${columns}) values ${places.join(', ')}`, values);
  }
}

/** @returns how many rows both have */
async function compare(
  source: DatabaseSync,
  target: Trx,
  table: Table,
  types: ReadonlyMap<string, string>,
): Promise<number> {
  const theirs = storedRows(target, table);
  let count = 0;
  for (const row of rowsOf(source, table)) {
    const { value: stored } = await theirs.next();
    const other = table.columns.find((column) => {
      if (stored === undefined) return true;
      return storable(table, row, column, types) !== readBack(stored[column] ?? null);
    });
    if (other !== undefined) throw differs(table, row, other);
    count += 1;
  }
  const { value: surplus } = await theirs.next();
  if (surplus !== undefined)
    throw new ChatelaineError('store_unavailable', `${table.name} has rows that were not copied.`);
  return count;
}

function* rowsOf(source: DatabaseSync, table: Table): Generator<Row> {
  const [key, columns] = [table.key.map(quoted).join(', '), table.columns.map(quoted).join(', ')];
  const where = allBut(KEPT_OF_TARGET[table.name]);
  const rows = source.prepare(`select ${columns} from ${quoted(table.name)} where ${where} order by ${key}`);
  yield* rows.iterate() as Iterable<Row>;
}

/** In the same order: keys compare by bytes on both. */
async function* storedRows(
  target: Trx,
  table: Table,
): AsyncGenerator<{ readonly [column: string]: unknown }, undefined> {
  const [key, columns] = [table.key.map(quoted).join(', '), table.columns.map(quoted).join(', ')];
  const where = allBut(KEPT_OF_TARGET[table.name]);
  const later = `(${key}) > (${table.key.map((_, i) => `$${i + 1}`)})`;
  let last: { readonly [column: string]: unknown } | undefined;
  do {
    const after = last;
    const rows: { readonly [column: string]: unknown }[] = await ask(
      target,
      `select ${columns} from ${quoted(table.name)} where ${where} ${after === undefined ? '' : `and ${later}`} order by ${key} limit ${ROWS_AT_ONCE}`,
      after === undefined ? [] : table.key.map((column) => after[column] as Value),
    );
    yield* rows;
    last = rows.at(-1);
  } while (last !== undefined);
  return undefined;
}

function* batches(rows: Iterable<Row>): Generator<readonly Row[]> {
  let batch: Row[] = [];
  let characters = 0;
  for (const row of rows) {
    batch.push(row);
    for (const value of Object.values(row)) characters += typeof value === 'string' ? value.length : 0;
    if (batch.length < ROWS_AT_ONCE && characters < CHARACTERS_AT_ONCE) continue;
    yield batch;
    [batch, characters] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

/** better-auth's columns have types of their own on PostgreSQL; all others are the same on both. */
function storable(table: Table, row: Row, column: string, types: ReadonlyMap<string, string>): Value {
  const value = row[column] ?? null;
  if (value === null) return null;
  if (typeof value === 'string' && value.includes('\u0000')) throw unstorable(table, row, column, 'a NUL character');
  switch (types.get(column)) {
    case 'boolean':
      return value === 1;
    case 'timestamp with time zone': {
      const at = new Date(value as string | number);
      if (Number.isNaN(at.getTime())) throw unstorable(table, row, column, 'no time');
      return at.toISOString();
    }
    default:
      return value;
  }
}

const readBack = (value: unknown): unknown => (value instanceof Date ? value.toISOString() : value);

const placeOf = (table: Table, row: Row): string =>
  `${table.name} (${table.key.map((column) => `${column} ${String(row[column])}`).join(', ')})`;

function unstorable(table: Table, row: Row, column: string, what: string): ChatelaineError {
  return new ChatelaineError(
    'invalid_request',
    `${placeOf(table, row)}: ${column} holds ${what}, which PostgreSQL cannot keep; change or remove it first.`,
  );
}

function differs(table: Table, row: Row, column: string): ChatelaineError {
  return new ChatelaineError('store_unavailable', `${placeOf(table, row)}: ${column} came out other than it went in.`);
}

async function ask<R>(target: Trx, sql: string, values: readonly Value[] = []): Promise<R[]> {
  const { rows } = await target.withoutPlugins().executeQuery<R>(CompiledQuery.raw(sql, [...values]));
  return rows;
}

const allBut = (rows: string | undefined): string => (rows === undefined ? 'true' : `not (${rows})`);
const quoted = (name: string): string => `"${name}"`;
const nameOf = ({ name }: Record<string, SQLOutputValue>): string => String(name);
