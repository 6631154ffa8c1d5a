// The front door: one store, wherever it lives.

import { openSqlite } from './sql/sqlite.ts';
import type { Store } from './store.ts';

export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly maxConnections?: number };

/** Opens the store and brings it to the present schema. @throws store_unavailable, invalid_settings */
export async function openStore(location: StoreLocation): Promise<Store> {
  if (location.kind === 'sqlite') return openSqlite(location.file);
  const { url, maxConnections } = location;
  // The PostgreSQL client is no small thing to hold for whoever has no PostgreSQL.
  const { openPostgres } = await import('./sql/postgres.ts');
  return openPostgres(url, maxConnections === undefined ? {} : { maxConnections });
}
