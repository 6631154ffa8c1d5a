// One at a time across processes: a row in the database that lapses by itself when its holder died.
// Losers wait by looking, so that it works on both databases without locks or listeners.

import { ChatelaineError } from '../errors.ts';
import { LEASE_POLL_MS } from '../limits.ts';
import type { HubContext } from './context.ts';
import { newId } from './ids.ts';

/** Waits a moment; `jitter` keeps waiting processes from looking at the same instant. */
export function pause(milliseconds: number): Promise<void> {
  const jitter = milliseconds * 0.3 * Math.random();
  return new Promise((resolve) => setTimeout(resolve, milliseconds + jitter));
}

/**
 * Runs `run` while holding the lease `name`, waiting up to two lifetimes for it. `run` may renew it, and
 * learns then whether it is still its own.
 * `meanwhile` is asked between looks and may end the wait with an answer of its own.
 *
 * @throws store_unavailable when the lease was not to be had in time
 */
export async function withLease<T>(
  context: HubContext,
  name: string,
  lifetimeMs: number,
  run: (renew: () => Promise<boolean>) => Promise<T>,
  meanwhile?: () => Promise<T | null>,
): Promise<T> {
  const holder = newId(context.holder, context.now());
  const giveUpAt = context.now() + 2 * lifetimeMs;
  const acquire = (): Promise<boolean> => context.store.leases.acquire(name, holder, context.now(), lifetimeMs);
  while (!(await acquire())) {
    const answer = (await meanwhile?.()) ?? null;
    if (answer !== null) return answer;
    if (context.now() > giveUpAt) {
      throw new ChatelaineError(
        'store_unavailable',
        'Another process is busy with the same work for too long; try again.',
      );
    }
    await pause(LEASE_POLL_MS);
  }
  try {
    return await run(acquire);
  } finally {
    await context.store.leases.release(name, holder).catch((error: unknown) => {
      context.log.warn({ err: error, lease: name }, 'a lease could not be released; it lapses by itself');
    });
  }
}
