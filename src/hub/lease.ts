// One at a time across processes: a row in the database that lapses by itself when its holder died.
// Losers wait by looking, so that it works on both databases without locks or listeners.

import { ChatelaineError } from '../errors.ts';
import { LEASE_POLL_MS } from '../limits.ts';
import type { HubContext } from './context.ts';
import { newId } from './ids.ts';

const RELEASE_PAUSE_MS = 250;

/** Waits a moment; `jitter` keeps waiting processes from looking at the same instant. */
export function pause(milliseconds: number): Promise<void> {
  const jitter = milliseconds * 0.3 * Math.random();
  return new Promise((resolve) => setTimeout(resolve, milliseconds + jitter));
}

export type Lease = {
  /** Begins its lifetime anew; false when it is somebody else's by now. */
  renew(): Promise<boolean>;
  /** Keeps it beyond the end of `run`, until this has ended too. */
  keepUntil(work: Promise<unknown>): void;
};

/**
 * Runs `run` while holding the lease `name`, waiting up to two lifetimes for it.
 * `meanwhile` is asked between looks and may end the wait with an answer of its own.
 *
 * @throws store_unavailable when the lease was not to be had in time
 */
export async function withLease<T>(
  context: HubContext,
  name: string,
  lifetimeMs: number,
  run: (lease: Lease) => Promise<T>,
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
  const kept: Promise<unknown>[] = [];
  try {
    return await run({ renew: acquire, keepUntil: (work) => void kept.push(work) });
  } finally {
    const release = (): Promise<void> => context.store.leases.release(name, holder);
    const late = (): Promise<void> => releaseLate(context, name, lifetimeMs, release);
    if (kept.length > 0) context.lateSaves.keep(Promise.allSettled(kept).then(late));
    else await release().catch(() => context.lateSaves.keep(late()));
  }
}

/** A lease that nobody gives back holds up whoever comes next; the database may take it in a moment. */
async function releaseLate(
  context: HubContext,
  name: string,
  lifetimeMs: number,
  release: () => Promise<void>,
): Promise<void> {
  const lapsesAt = context.now() + lifetimeMs;
  for (;;) {
    try {
      return await release();
    } catch (error) {
      if (context.now() > lapsesAt || context.lateSaves.isOver()) {
        context.log.warn({ err: error, lease: name }, 'a lease could not be released; it lapses by itself');
        return;
      }
      await pause(RELEASE_PAUSE_MS);
    }
  }
}
