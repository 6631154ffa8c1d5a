// A few facts about the database itself, each written once.

import type { MetaStore } from '../store.ts';
import type { Db } from './schema.ts';

export function metaStore(db: Db): MetaStore {
  const get = async (key: string): Promise<string | null> => {
    const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
    return row?.value ?? null;
  };
  return {
    get,
    async setOnce(key, value) {
      await db
        .insertInto('meta')
        .values({ key, value })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .execute();
      return (await get(key)) ?? value;
    },
  };
}
