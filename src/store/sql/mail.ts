// Messages between processes on one database, each taken once.

import type { MailStore } from '../store.ts';
import { chunksOf } from './rows.ts';
import type { Db } from './schema.ts';

export function mailStore(db: Db): MailStore {
  return {
    async leave(message, now) {
      await db.deleteFrom('mail').where('expiresAt', '<=', now).execute();
      await db
        .insertInto('mail')
        .values(message)
        .onConflict((conflict) => conflict.column('address').doNothing())
        .execute();
    },
    async take(addresses, now) {
      const taken: { address: string; sealed: string }[] = [];
      for (const some of chunksOf(addresses)) {
        const rows = await db
          .deleteFrom('mail')
          .where('address', 'in', some)
          .returning(['address', 'sealed', 'expiresAt'])
          .execute();
        for (const { address, sealed, expiresAt } of rows) if (expiresAt > now) taken.push({ address, sealed });
      }
      return taken;
    },
    async deleteExpired(now) {
      await db.deleteFrom('mail').where('expiresAt', '<=', now).execute();
    },
  };
}
