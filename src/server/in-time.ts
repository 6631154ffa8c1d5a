// A figure for a scrape, if it comes in time.

import { SCRAPE_WAIT_MS } from '../work-limits.ts';

/** null when it failed or took too long. */
export async function inTime<T>(answer: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), SCRAPE_WAIT_MS);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
