// What time it is for everybody on one database. An embedded one has the clock of its machine.

import { sql } from 'kysely';
import type { Db, Dialect } from './schema.ts';

export async function databaseTime(db: Db, dialect: Dialect): Promise<number> {
  if (dialect === 'sqlite') return Date.now();
  const { rows } = await sql<{ now: number }>`
    select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('the database did not say what time it is');
  return row.now;
}
