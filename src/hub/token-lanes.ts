// At most a few token requests to one authorization server at a time, from all processes together: a fleet whose
// tokens end in the same minute must look to the provider like steady use, not like an attack. In a process
// requests wait in line, those that a call waits for in front. Between processes a lane is a lease row, kept for
// a second of requests and then given up, so that every process gets its turn; one that died loses it soon.

import { ChatelaineError } from '../errors.ts';
import { LEASE_POLL_MS } from '../limits.ts';
import type { LeaseStore } from '../store/store.ts';
import {
  TOKEN_LANE_KEPT_MS,
  TOKEN_LANE_LEASE_MS,
  TOKEN_LANE_WAIT_MS,
  TOKEN_REQUESTS_PER_ISSUER,
} from '../work-limits.ts';
import type { TokenLanes, Urgency } from './context.ts';
import { pause } from './lease.ts';

type Waiter = {
  readonly urgency: Urgency;
  readonly start: () => Promise<void>;
  readonly fail: (error: unknown) => void;
  readonly skip: () => void;
};
type Line = { readonly urgent: Waiter[]; readonly patient: Waiter[]; lanes: number; isSeeking: boolean };
type Lane = { readonly release: () => Promise<void> };

type Parts = {
  readonly store: { readonly dialect: 'sqlite' | 'postgres'; readonly leases: Pick<LeaseStore, 'acquire' | 'release'> };
  readonly now: () => number;
  /** Unique to this process. */
  readonly holder: string;
};

export function createTokenLanes({ store, now, holder }: Parts): TokenLanes {
  const lines = new Map<string, Line>();
  // One process alone has an embedded database, and nobody to share lanes with.
  const isShared = store.dialect === 'postgres';
  let lanesTaken = 0;

  const takeLane = async (issuer: string): Promise<Lane | null> => {
    if (!isShared) return { release: async () => undefined };
    lanesTaken += 1;
    const mine = `${holder}-${lanesTaken}`;
    const first = Math.floor(Math.random() * TOKEN_REQUESTS_PER_ISSUER);
    for (let i = 0; i < TOKEN_REQUESTS_PER_ISSUER; i += 1) {
      const name = `tokens:${(first + i) % TOKEN_REQUESTS_PER_ISSUER}:${issuer}`;
      const hold = (): Promise<boolean> => store.leases.acquire(name, mine, now(), TOKEN_LANE_LEASE_MS);
      if (!(await hold())) continue;
      const renewal = setInterval(() => void hold().catch(() => undefined), TOKEN_LANE_LEASE_MS / 3);
      renewal.unref();
      return {
        async release() {
          clearInterval(renewal);
          // One that cannot be released lapses by itself.
          await store.leases.release(name, mine).catch(() => undefined);
        },
      };
    }
    return null;
  };

  const next = (line: Line): Waiter | undefined => line.urgent.shift() ?? line.patient.shift();

  const work = async (issuer: string, line: Line, lane: Lane): Promise<void> => {
    const giveUpAt = performance.now() + TOKEN_LANE_KEPT_MS;
    try {
      for (let waiter = next(line); waiter !== undefined; waiter = next(line)) {
        await waiter.start();
        if (isShared && performance.now() > giveUpAt) break;
      }
    } finally {
      await lane.release();
      line.lanes -= 1;
    }
    void seek(issuer, line);
  };

  /** Opens lanes while somebody waits and there are any; one seeker for each issuer. */
  const seek = async (issuer: string, line: Line): Promise<void> => {
    if (line.isSeeking) return;
    line.isSeeking = true;
    try {
      while (line.urgent.length + line.patient.length > 0 && line.lanes < TOKEN_REQUESTS_PER_ISSUER) {
        const lane = await takeLane(issuer);
        if (lane !== null) {
          line.lanes += 1;
          void work(issuer, line, lane);
          continue;
        }
        skipHasty(line);
        await pause(LEASE_POLL_MS);
      }
      skipHasty(line);
    } catch (error) {
      for (const waiter of [...line.urgent.splice(0), ...line.patient.splice(0)]) waiter.fail(error);
    } finally {
      line.isSeeking = false;
      if (line.lanes === 0 && line.urgent.length + line.patient.length === 0) lines.delete(issuer);
    }
  };

  return {
    run: <T>(issuer: string, urgency: Urgency, run: () => Promise<T>) =>
      new Promise<T | null>((resolve, reject) => {
        let line = lines.get(issuer);
        if (line === undefined) {
          line = { urgent: [], patient: [], lanes: 0, isSeeking: false };
          lines.set(issuer, line);
        }
        const { urgent, patient } = line;
        const waiter: Waiter = {
          urgency,
          start: () => {
            clearTimeout(timer);
            return run().then(resolve, reject);
          },
          fail: (error) => {
            clearTimeout(timer);
            reject(error);
          },
          skip: () => resolve(null),
        };
        const timer =
          urgency === 'now'
            ? setTimeout(() => {
                urgent.splice(urgent.indexOf(waiter), 1);
                reject(
                  new ChatelaineError(
                    'upstream_timeout',
                    `Too many tokens of ${issuer} are being renewed at once; try again.`,
                  ),
                );
              }, TOKEN_LANE_WAIT_MS)
            : undefined;
        (urgency === 'background' ? patient : urgent).push(waiter);
        void seek(issuer, line);
      }),
  };
}

/** Whoever does not want to wait for a lane goes without. */
function skipHasty({ urgent }: Line): void {
  for (const waiter of urgent.filter(({ urgency }) => urgency === 'if_free')) {
    urgent.splice(urgent.indexOf(waiter), 1);
    waiter.skip();
  }
}
