// Everything that a database holds, cell by cell and without the store's knowledge of it: whoever looks for
// something here cannot forget a table or a column.

import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { StoreLocation } from '../../src/store/open-store.ts';

/** `text` is null for a column that holds nothing in any row. */
export type Cell = { readonly column: string; readonly text: string | null };

/** Every non-empty cell of every table as text, and each column at least once. */
export async function cellsOf(location: StoreLocation): Promise<Cell[]> {
  const tables = location.kind === 'sqlite' ? fromSqlite(location.file) : await fromPostgres(location.url);
  return tables.flatMap(({ table, columns, rows }) =>
    columns.flatMap((name): Cell[] => {
      const column = `${table}.${name}`;
      const texts = rows.map((row) => row[name]).filter((value) => value !== null && value !== undefined);
      return texts.length === 0 ? [{ column, text: null }] : texts.map((value) => ({ column, text: String(value) }));
    }),
  );
}

type Table = { table: string; columns: string[]; rows: Record<string, unknown>[] };

function fromSqlite(file: string): Table[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all() as { name: string }[];
    return tables.map(({ name }) => ({
      table: name,
      columns: (database.prepare(`pragma table_info("${name}")`).all() as { name: string }[]).map((each) => each.name),
      rows: database.prepare(`select * from "${name}"`).all() as Record<string, unknown>[],
    }));
  } finally {
    database.close();
  }
}

async function fromPostgres(url: string): Promise<Table[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: columns } = await client.query<{ table_name: string; column_name: string }>(
      'select table_name, column_name from information_schema.columns where table_schema = current_schema()',
    );
    const tables = [...new Set(columns.map(({ table_name }) => table_name))];
    const found: Table[] = [];
    for (const table of tables) {
      const { rows } = await client.query(`select * from "${table}"`);
      const names = columns.filter(({ table_name }) => table_name === table).map(({ column_name }) => column_name);
      found.push({ table, columns: names, rows });
    }
    return found;
  } finally {
    await client.end();
  }
}
