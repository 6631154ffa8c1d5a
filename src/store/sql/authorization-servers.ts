// Validated metadata of authorization servers (RFC 8414), one row an issuer.

import type { AuthorizationServerStore } from '../store.ts';
import type { Db } from './schema.ts';
import { authorizationServerCodec } from './schema.ts';

export function authorizationServerStore(db: Db): AuthorizationServerStore {
  return {
    async get(issuer) {
      const row = await db
        .selectFrom('authorizationServers')
        .selectAll()
        .where('issuer', '=', issuer)
        .executeTakeFirst();
      return row === undefined ? null : authorizationServerCodec.toRecord(row);
    },
    async put(server) {
      const { issuer, ...columns } = authorizationServerCodec.toRow(server);
      await db
        .insertInto('authorizationServers')
        .values({ issuer, ...columns })
        .onConflict((conflict) => conflict.column('issuer').doUpdateSet(columns))
        .execute();
    },
  };
}
