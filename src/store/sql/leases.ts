// Leases: mutual exclusion between processes that lapses by itself.

import type { LeaseStore } from '../store.ts';
import type { Db } from './schema.ts';

export function leaseStore(db: Db): LeaseStore {
  return {
    async acquire(name, holder, now, lifetimeMs) {
      // One statement: the row is inserted, or taken over where it is lapsed or ours; else nothing comes back.
      const row = await db
        .insertInto('leases')
        .values({ name, holder, expiresAt: now + lifetimeMs })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet(({ ref }) => ({ holder: ref('excluded.holder'), expiresAt: ref('excluded.expiresAt') }))
            .where((where) => where.or([where('leases.expiresAt', '<=', now), where('leases.holder', '=', holder)])),
        )
        .returning('name')
        .executeTakeFirst();
      return row !== undefined;
    },
    async release(name, holder) {
      await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute();
    },
    async deleteExpired(now) {
      const { numDeletedRows } = await db.deleteFrom('leases').where('expiresAt', '<=', now).executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
