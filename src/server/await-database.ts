// At the start the database may be behind us: still starting, failing over, out of connections. That passes by itself.

import { setTimeout as wait } from 'node:timers/promises';
import { isDatabaseAway } from '../errors.ts';
import type { Log } from '../hub/context.ts';

const LOOK_MS = 500;
/** How often the log says that it waits. */
const TOLD_MS = 30_000;

/**
 * Runs `work`, again and again while the database is away.
 *
 * @param signal ends the wait
 * @throws what `work` throws when trying again would not help, such as a refused password; the signal's reason
 */
export async function awaitingDatabase<T>(work: () => Promise<T>, log: Log, signal?: AbortSignal): Promise<T> {
  let toldAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      signal?.throwIfAborted();
      if (performance.now() - toldAt >= TOLD_MS) {
        log.warn({ err: error }, 'waiting for the database, which does not answer yet');
        toldAt = performance.now();
      }
    }
    await wait(LOOK_MS, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
  }
}
