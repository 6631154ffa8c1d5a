// What the conformance suite needs of a database under test.

import type { StoreLocation } from '../../../src/store/open-store.ts';

export type Backend = {
  /** An empty database of its own; stores opened on the same location share it. */
  createLocation(): Promise<StoreLocation>;
  /** Runs SQL past the store, to make states that the store itself never makes. */
  runSql(location: StoreLocation, sql: string): Promise<void>;
  /** Fails when the database finds itself damaged. */
  verify(location: StoreLocation): Promise<void>;
};
