// A write that must not be lost to a moment without the database: tried again for some seconds.

import { isChatelaineError } from '../errors.ts';
import { STORE_TRY_FOR_MS, STORE_TRY_PAUSE_MS } from '../limits.ts';
import { pause } from './lease.ts';

/**
 * Runs `work` again while the database is away for the moment. It must not matter when it is done twice: a try whose
 * answer was lost may have been written.
 *
 * @throws what the last try threw
 */
export async function tryingAgain<T>(work: (isFirst: boolean) => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + STORE_TRY_FOR_MS;
  for (let wait = STORE_TRY_PAUSE_MS, isFirst = true; ; wait *= 2, isFirst = false) {
    try {
      return await work(isFirst);
    } catch (error) {
      const isAway = isChatelaineError(error, 'store_unavailable') && error.details.retryAfterSeconds !== undefined;
      if (!isAway || performance.now() + wait >= giveUpAt) throw error;
    }
    await pause(wait);
  }
}
