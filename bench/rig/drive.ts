// Keeps a number of calls in flight through a warm-up and a measured time, and counts only what both began and
// ended within that time.

import { type LoadFigures, Recorder } from './recorder.ts';

const GRACE_MS = 5_000;
const PAUSE_AFTER_FAILURE_MS = 5;
/** So many in a row and it is broken, not slow. */
const FAILURES_IN_ROW_MAX = 200;

export type DriveOptions = {
  readonly inFlight: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Ends earlier after so many calls. */
  readonly callsMax?: number | undefined;
  /** When the measured time begins and ends: the moments to read the processes' CPU time. */
  readonly onBegin?: (() => void) | undefined;
  readonly onEnd?: (() => void) | undefined;
};

/** Sends call `id` and says how it went: undefined for well, else the kind of failure. */
export type Issue = (id: number, done: (failure: string | undefined) => void) => void;

let nextId = 1;

/** Ids are unique in this process, so that no reply can be taken for another's. */
export function newCallId(): number {
  nextId += 1;
  return nextId;
}

export function drive(options: DriveOptions, issue: Issue): Promise<LoadFigures> {
  const { inFlight, seconds, warmupSeconds, callsMax = Number.POSITIVE_INFINITY } = options;
  return new Promise((resolve) => {
    const recorder = new Recorder();
    const beginsAt = performance.now() + warmupSeconds * 1_000;
    const endsAt = beginsAt + seconds * 1_000;
    let underWay = 0;
    let started = 0;
    let replies = 0;
    let failuresInRow = 0;
    let ended = false;
    let settled = false;
    const end = (): void => {
      if (!ended) options.onEnd?.();
      ended = true;
    };
    const finish = (): void => {
      if (settled) return;
      settled = true;
      for (const timer of timers) clearTimeout(timer);
      end();
      const measured = Math.min(seconds, Math.max(0.001, (performance.now() - beginsAt) / 1_000));
      resolve(recorder.figures(measured, replies));
    };
    const timers = [
      setTimeout(() => options.onBegin?.(), warmupSeconds * 1_000),
      setTimeout(end, (warmupSeconds + seconds) * 1_000),
      setTimeout(
        () => {
          if (underWay > 0) recorder.error('unfinished', underWay);
          finish();
        },
        (warmupSeconds + seconds) * 1_000 + GRACE_MS,
      ),
    ];
    const one = (): void => {
      const startedAt = performance.now();
      if (startedAt >= endsAt || started >= callsMax || settled || failuresInRow > FAILURES_IN_ROW_MAX) {
        if (underWay === 0) finish();
        return;
      }
      underWay += 1;
      started += 1;
      issue(newCallId(), (failure) => {
        const now = performance.now();
        underWay -= 1;
        if (failure === undefined) {
          failuresInRow = 0;
          replies += 1;
          if (startedAt >= beginsAt && now <= endsAt) recorder.ok(now - startedAt);
          one();
          return;
        }
        failuresInRow += 1;
        if (startedAt >= beginsAt) recorder.error(failure);
        setTimeout(one, PAUSE_AFTER_FAILURE_MS);
      });
    };
    for (let i = 0; i < inFlight; i += 1) one();
  });
}
