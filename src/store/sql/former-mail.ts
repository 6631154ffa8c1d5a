// The migration 0005-mail was 0006-mail for a moment, before there was a 0004 or a 0005. A database of then is not one
// of a newer version: its table of mail, which keeps nothing longer than a minute, is made anew in its place.

import { sql } from 'kysely';
import type { Db } from './schema.ts';

const FORMER_NAME = '0006-mail';

/** @param table where it stands which migrations have run */
export async function forgetFormerMail(db: Db, table: string): Promise<void> {
  const found = sql`select 1 from ${sql.table(table)} where name = ${FORMER_NAME}`;
  if ((await found.execute(db)).rows.length === 0) return;
  await db.transaction().execute(async (trx) => {
    const gone = await sql`delete from ${sql.table(table)} where name = ${FORMER_NAME}`.execute(trx);
    // Of several processes that start together one is first.
    if (gone.numAffectedRows === 1n) await sql`drop table mail`.execute(trx);
  });
}
