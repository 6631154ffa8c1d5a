// A write that must not be lost to a moment without the database: tried again for some seconds.

import { isDatabaseAway } from '../errors.ts';
import { pause } from './lease.ts';

/** A restart of the database takes less, and nobody waits longer. */
const TRY_FOR_MS = 8_000;
/** First wait between two tries; doubles. */
const PAUSE_MS = 100;

/**
 * Runs `work` again while the database is away for the moment. It must not matter when it is done twice: a try whose
 * answer was lost may have been written.
 *
 * @throws what the last try threw
 */
export async function tryingAgain<T>(work: (isFirst: boolean) => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + TRY_FOR_MS;
  for (let wait = PAUSE_MS, isFirst = true; ; wait *= 2, isFirst = false) {
    try {
      return await work(isFirst);
    } catch (error) {
      if (!isDatabaseAway(error) || performance.now() + wait >= giveUpAt) throw error;
    }
    await pause(wait);
  }
}
