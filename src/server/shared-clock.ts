// The clock by which this process decides. Replicas share their database's: whether a lease has lapsed, a token or a
// link expired, must have one answer, however wrong the clock of a machine is. Between looks at it time goes on
// by the monotonic clock, which nobody sets.

import type { Log } from '../hub/context.ts';
import type { Store } from '../store/store.ts';
import { CLOCK_COMPLAINT_MS, CLOCK_LOOK_MS, CLOCK_ROUND_TRIP_MAX_MS, CLOCK_TOLERANCE_MS } from '../work-limits.ts';

export type SharedClock = {
  /** Milliseconds since the epoch, whole. */
  now(): number;
  close(): void;
};

/** @throws store_unavailable when the database does not say what time it is */
export async function openSharedClock(store: Pick<Store, 'dialect' | 'time'>, log: Log): Promise<SharedClock> {
  // An embedded database has no clock but this machine's.
  if (store.dialect === 'sqlite') return { now: () => Date.now(), close: () => undefined };

  const look = async (): Promise<{ readonly offset: number; readonly roundTrip: number }> => {
    const from = performance.now();
    const time = await store.time();
    const to = performance.now();
    // Read somewhere between the question and the answer.
    return { offset: time - (from + to) / 2, roundTrip: to - from };
  };
  let { offset } = await look();
  const now = (): number => Math.round(performance.now() + offset);

  const ahead = Date.now() - now();
  if (Math.abs(ahead) > CLOCK_COMPLAINT_MS) {
    log.warn(
      { seconds: Math.round(ahead / 1000) },
      'the clock of this machine differs from the database, whose time is used; set it',
    );
  }
  const timer = setInterval(() => {
    look().then(
      (seen) => {
        if (seen.roundTrip > CLOCK_ROUND_TRIP_MAX_MS) return;
        // What may come from the way of the answer alone changes nothing: time does not go to and fro.
        if (Math.abs(seen.offset - offset) > CLOCK_TOLERANCE_MS + seen.roundTrip / 2) offset = seen.offset;
      },
      // The monotonic clock goes on; whatever needs the database says that it is away.
      () => undefined,
    );
  }, CLOCK_LOOK_MS);
  timer.unref();
  return { now, close: () => clearInterval(timer) };
}
