// How often something was tried within a window, counted in one statement so that no process misses one.

import { sql } from 'kysely';
import type { AttemptStore } from '../store.ts';
import type { Db } from './schema.ts';

export function attemptStore(db: Db): AttemptStore {
  return {
    async add(key, now, windowMs) {
      return db
        .insertInto('attempts')
        .values({ key, count: 1, endsAt: now + windowMs })
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet({
            count: sql<number>`case when attempts.ends_at <= ${now} then 1 else attempts.count + 1 end`,
            endsAt: sql<number>`case when attempts.ends_at <= ${now} then ${now + windowMs} else attempts.ends_at end`,
          }),
        )
        .returning(['count', 'endsAt'])
        .executeTakeFirstOrThrow();
    },
    async forget(key) {
      await db.deleteFrom('attempts').where('key', '=', key).execute();
    },
    async deleteExpired(now) {
      // ISO text on SQLite, which sorts like the time that it tells.
      await sql`delete from auth_verifications where expires_at <= ${new Date(now).toISOString()}`.execute(db);
      const { numDeletedRows } = await db.deleteFrom('attempts').where('endsAt', '<=', now).executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
