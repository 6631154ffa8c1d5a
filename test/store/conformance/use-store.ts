// One store for the tests of a describe block, on a database of its own.

import { afterAll, beforeAll } from 'vitest';
import { openStore } from '../../../src/store/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Backend } from './backend.ts';

/** Answers a getter, because the store only exists once the tests run. */
export function useStore(backend: Backend): () => Store {
  return useStores(backend, 1)[0] as () => Store;
}

/** Several stores over one database, as several processes would have it. */
export function useStores(backend: Backend, count: number): readonly (() => Store)[] {
  const stores: Store[] = [];
  beforeAll(async () => {
    const location = await backend.createLocation();
    for (let i = 0; i < count; i += 1) stores.push(await openStore(location));
  });
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
  });
  return Array.from({ length: count }, (_, i) => () => {
    const store = stores[i];
    if (store === undefined) throw new Error('the store is only there while tests run');
    return store;
  });
}
