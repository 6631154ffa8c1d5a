// Every secret column of the database, for key rotation and for the question whether a key is missed.
// A new sealed column must be named here, or a rotation would leave it behind.

import { sql } from 'kysely';
import type { SealedCell, SealedKind, SealedStore } from '../store.ts';
import type { Db } from './schema.ts';

/** Where a kind of secret lives; `issuer` and `resource` name the columns that its associated data uses. */
type Place = {
  readonly table: string;
  readonly id: string;
  readonly column: string;
  readonly issuer: string | null;
  readonly resource: string | null;
};

const PLACES: Readonly<Record<SealedKind, Place>> = {
  'connector.headers': { table: 'connectors', id: 'id', column: 'sealed_headers', issuer: null, resource: null },
  'connector.client': { table: 'connectors', id: 'id', column: 'sealed_client', issuer: null, resource: null },
  'registration.client': { table: 'registrations', id: 'id', column: 'sealed', issuer: 'issuer', resource: null },
  'flow.secrets': { table: 'flows', id: 'id', column: 'sealed', issuer: 'issuer', resource: 'resource' },
  'credential.secret': { table: 'credentials', id: 'id', column: 'sealed', issuer: 'issuer', resource: 'resource' },
  'call.capture': { table: 'call_captures', id: 'id', column: 'sealed', issuer: null, resource: null },
  'meta.canary': { table: 'meta', id: 'key', column: 'value', issuer: null, resource: null },
  'meta.sign_in': { table: 'meta', id: 'key', column: 'value', issuer: null, resource: null },
};
/** `meta` holds plain facts too: a kind of it is one row. */
const META_ROWS: { readonly [kind in SealedKind]?: string } = { 'meta.canary': 'canary', 'meta.sign_in': 'sign_in' };

export function sealedStore(db: Db): SealedStore {
  const batch = async (kind: SealedKind, afterId: string | null, limit: number): Promise<readonly SealedCell[]> => {
    const place = PLACES[kind];
    const [id, column] = [sql.ref(place.id), sql.ref(place.column)];
    const { rows } = await sql<Omit<SealedCell, 'kind'>>`
      select ${id} as id, ${column} as ciphertext,
        ${optional(place.issuer)} as issuer, ${optional(place.resource)} as resource
      from ${sql.table(place.table)}
      where ${column} is not null and ${id} > ${afterId ?? ''} ${onlyItsRow(kind)}
      order by ${id} limit ${limit}`.execute(db);
    return rows.map((row) => ({ kind, ...row }));
  };
  return {
    batch,
    async replace(cell, ciphertext) {
      const place = PLACES[cell.kind];
      const column = sql.ref(place.column);
      const result = await sql`
        update ${sql.table(place.table)} set ${column} = ${ciphertext}
        where ${sql.ref(place.id)} = ${cell.id} and ${column} = ${cell.ciphertext} ${onlyItsRow(cell.kind)}`.execute(
        db,
      );
      return (result.numAffectedRows ?? 0n) > 0n;
    },
    async isEmpty() {
      for (const kind of Object.keys(PLACES) as SealedKind[]) {
        if ((await batch(kind, null, 1)).length > 0) return false;
      }
      return true;
    },
  };
}

const optional = (column: string | null) => (column === null ? sql`null` : sql.ref(column));
const onlyItsRow = (kind: SealedKind) => {
  const row = META_ROWS[kind];
  return row === undefined ? sql`` : sql`and ${sql.ref('key')} = ${row}`;
};
