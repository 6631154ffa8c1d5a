// API tokens: the hash is stored, the token itself never.

import type { ApiTokenStore } from '../store.ts';
import { pageOf } from './rows.ts';
import type { Db } from './schema.ts';

export function apiTokenStore(db: Db): ApiTokenStore {
  const select = () => db.selectFrom('apiTokens').selectAll();
  return {
    async insert(token) {
      await db.insertInto('apiTokens').values(token).execute();
    },
    async list(page) {
      const query = select()
        .orderBy('id')
        .limit(page.limit + 1);
      return pageOf(await (page.cursor === undefined ? query : query.where('id', '>', page.cursor)).execute(), page);
    },
    async find(hash) {
      return (await select().where('hash', '=', hash).executeTakeFirst()) ?? null;
    },
    async get(id) {
      return (await select().where('id', '=', id).executeTakeFirst()) ?? null;
    },
    async madeBy(actor) {
      return select().where('createdBy', '=', actor).orderBy('id').execute();
    },
    async delete(id) {
      const { numDeletedRows } = await db.deleteFrom('apiTokens').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },
    async touch(id, at) {
      await db.updateTable('apiTokens').set({ lastUsedAt: at }).where('id', '=', id).execute();
    },
    async count() {
      const { count } = await db
        .selectFrom('apiTokens')
        .select(({ fn }) => fn.countAll<number | string>().as('count'))
        .executeTakeFirstOrThrow();
      return Number(count);
    },
  };
}
