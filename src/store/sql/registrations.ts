// Dynamic client registrations (RFC 7591), one for each issuer and redirect URI.

import type { RegistrationStore } from '../store.ts';
import type { Db } from './schema.ts';

export function registrationStore(db: Db): RegistrationStore {
  const select = () => db.selectFrom('registrations').selectAll();
  return {
    async get(id) {
      return (await select().where('id', '=', id).executeTakeFirst()) ?? null;
    },
    async find(issuer, redirectUri) {
      const row = await select().where('issuer', '=', issuer).where('redirectUri', '=', redirectUri).executeTakeFirst();
      return row ?? null;
    },
    async put(registration) {
      const { issuer: _issuer, redirectUri: _redirectUri, ...columns } = registration;
      await db
        .insertInto('registrations')
        .values(registration)
        // One statement, so that two registrations racing for one issuer leave one row and no error.
        .onConflict((conflict) => conflict.columns(['issuer', 'redirectUri']).doUpdateSet(columns))
        .execute();
    },
    async delete(id) {
      const { numDeletedRows } = await db.deleteFrom('registrations').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}
