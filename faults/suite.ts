// One run: the world is made, everything is set to work, each fault is put in and taken out, and what must hold is
// looked at.

import { type Activity, startActivity } from './activity.ts';
import type { Fault } from './fault.ts';
import { readyAgain, revocationComplaints } from './invariants/access.ts';
import {
  auditComplaints,
  callComplaints,
  credentialComplaints,
  keyComplaints,
  logComplaints,
  presentedComplaints,
} from './invariants/records.ts';
import { stateComplaints, useComplaints } from './invariants/state.ts';
import { reconnectExcused } from './reconnect.ts';
import type { FaultReport, Report } from './report.ts';
import { createWindows, RECOVERY_MS } from './windows.ts';
import { makeWorld, type World, type WorldOptions } from './world.ts';

export type SuiteOptions = WorldOptions & {
  readonly faults: readonly Fault[];
  readonly tell?: (line: string) => void;
};

const WARM_UP_MS = 2_000;
/** Batches of the call log are written, tokens that were due are refreshed. */
const SETTLE_MS = 1_500;
const LOOK_AGAIN_MS = 250;
const LOOK_FOR_MS = 8_000;

export const INVARIANTS = [
  'acknowledged changes stand',
  'credentials are usable',
  'nobody is needed',
  'tokens and codes presented once',
  'audit log agrees',
  'call log agrees',
  'secrets can be read',
  'revocation within 1 s',
  'ready within 10 s',
  'answers are right',
  'logs are clean',
] as const;
type Invariant = (typeof INVARIANTS)[number];

export async function runSuite(options: SuiteOptions): Promise<Report> {
  const { seed, tell = () => undefined } = options;
  const beganAt = Date.now();
  const world = await makeWorld(options);
  try {
    tell(`${world.replicas.length} replicas at work after ${((Date.now() - beganAt) / 1_000).toFixed(1)} s.`);
    const windows = createWindows();
    const answers: string[] = [];
    const activity = startActivity(world, windows, (what) => void answers.push(what));
    const seenLines = new Set<string>();
    const faults: FaultReport[] = [];
    await pause(WARM_UP_MS);
    for (const fault of options.faults) {
      if (fault.needsNamespaces === true && !world.network.hasNamespaces) {
        faults.push({ name: fault.name, injected: 0, recoveryMs: null, seconds: 0, broken: {} });
        tell(`${fault.name}: left out, it needs root`);
        continue;
      }
      const from = Date.now();
      windows.open(fault.name);
      const broken: Partial<Record<Invariant, string[]>> = {};
      const complain = (name: Invariant, what: readonly string[]): void => {
        if (what.length > 0) broken[name] = [...(broken[name] ?? []), ...what];
      };
      try {
        await fault.inject(world);
      } catch (error) {
        complain('answers are right', [`could not be put in: ${describe(error)}`]);
      }
      try {
        await fault.end(world);
      } catch (error) {
        complain('answers are right', [`could not be taken out: ${describe(error)}`]);
      }
      windows.close();
      const endedAt = Date.now();
      const recoveryMs = await readyAgain(world);
      if (recoveryMs === null) complain('ready within 10 s', [await readiness(world)]);
      await activity.pause();
      await pause(SETTLE_MS);
      const found = await look(world, activity, endedAt + RECOVERY_MS);
      for (const [name, what] of found) complain(name, what);
      complain('answers are right', answers.splice(0));
      complain('logs are clean', logComplaints(world, seenLines));
      await reconnectExcused(world).catch((error: unknown) =>
        complain('nobody is needed', [`a person could not connect again: ${describe(error)}`]),
      );
      activity.resume();
      const seconds = (Date.now() - from) / 1_000;
      faults.push({ name: fault.name, injected: fault.count ?? 1, recoveryMs, seconds, broken });
      tell(lineOf(fault.name, recoveryMs, seconds, broken));
    }
    await activity.stop();
    return {
      seed,
      seconds: (Date.now() - beganAt) / 1_000,
      hasNamespaces: world.network.hasNamespaces,
      outcomes: Object.fromEntries(activity.outcomes),
      faults,
      notes: world.notes,
      late: answers,
    };
  } finally {
    await world.remove();
  }
}

type Look = readonly [Invariant, (world: World, activity: Activity) => Promise<string[]> | string[]];

const LOOKS: readonly Look[] = [
  ['acknowledged changes stand', stateComplaints],
  ['credentials are usable', useComplaints],
  ['nobody is needed', credentialComplaints],
  ['tokens and codes presented once', presentedComplaints],
  ['audit log agrees', auditComplaints],
  ['call log agrees', (world, activity) => callComplaints(world, activity.underWay())],
  ['secrets can be read', keyComplaints],
  ['revocation within 1 s', revocationComplaints],
];

/** What does not hold yet is looked at again until `until`: so long everything may take to be well again. */
async function look(world: World, activity: Activity, until: number): Promise<(readonly [Invariant, string[]])[]> {
  const found: (readonly [Invariant, string[]])[] = [];
  for (const [name, of] of LOOKS) {
    // What is looked at last gets its time, too, where the looks before it were slow.
    const lastAt = Math.max(until, Date.now() + LOOK_FOR_MS);
    for (;;) {
      let complaints: string[];
      try {
        complaints = await of(world, activity);
      } catch (error) {
        complaints = [describe(error)];
      }
      if (complaints.length > 0 && Date.now() < lastAt) {
        await pause(LOOK_AGAIN_MS);
        continue;
      }
      found.push([name, complaints]);
      break;
    }
  }
  return found;
}

async function readiness({ replicas }: World): Promise<string> {
  const each = await Promise.all(
    replicas.map(
      async (replica) => `${replica.name}: ${replica.isRunning() ? '' : 'ended, '}${await replica.isReady()}`,
    ),
  );
  return each.join('; ');
}

function lineOf(name: string, recoveryMs: number | null, seconds: number, broken: FaultReport['broken']): string {
  const wrong = Object.entries(broken).flatMap(([invariant, what]) =>
    (what ?? []).map((one) => `    ${invariant}: ${one}`),
  );
  const recovered = recoveryMs === null ? 'not ready' : `ready after ${recoveryMs} ms`;
  return [`${name}: ${recovered}, ${seconds.toFixed(1)} s${wrong.length === 0 ? '' : ', BROKEN'}`, ...wrong].join('\n');
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
