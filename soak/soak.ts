// One soak: a hub at work for a while, everything changing beneath it, every answer checked.

import { createCalls } from './calls.ts';
import { changeSomething } from './changes.ts';
import { type HubProcess, startHubProcess } from './hub-process.ts';
import { createRandom } from './random.ts';
import type { Report, Sample } from './report.ts';
import { judgeMemory, memoryComplaints } from './report.ts';
import { keepListening } from './streams.ts';
import { makeWorld, type World } from './world.ts';

export type SoakOptions = {
  readonly seconds: number;
  readonly agents: number;
  /** Calls begun a second, at most. */
  readonly rate: number;
  readonly seed: number;
  /** A revision of servers to leave out, to look for a fault elsewhere. */
  readonly without?: string | null;
  /** A short run says nothing about memory. */
  readonly judgesMemory: boolean;
  readonly tell?: (line: string) => void;
  /** Ends the run before its time, with a report of what was seen. */
  readonly signal?: AbortSignal;
};

const COMPLAINTS_KEPT = 100;
const IN_FLIGHT_MAX = 128;
const TICK_MS = 20;
const SAMPLES = 120;
const CHANGES_AT_ONCE_MAX = 12;
const LISTENING_SHARE = 0.1;

export async function soak(options: SoakOptions): Promise<Report> {
  const hub = await startHubProcess();
  let world: World | null = null;
  try {
    world = await makeWorld(hub, options.agents, createRandom(options.seed), { without: options.without ?? null });
    options.tell?.(`${options.agents} agents and ${world.connectors.length} servers are ready.`);
    return await turn(hub, world, options);
  } finally {
    await hub.stop();
    await Promise.all((world?.connectors ?? []).map(({ server }) => server.close().catch(() => undefined)));
  }
}

async function turn(hub: HubProcess, world: World, options: SoakOptions): Promise<Report> {
  const { seconds, agents, rate, seed, tell, signal } = options;
  const random = createRandom(seed + 1);
  const [outcomes, changes, streams] = [counter(), counter(), counter()];
  const complaints: string[] = [];
  const complain = (what: string): void => {
    if (complaints.length >= COMPLAINTS_KEPT) return;
    complaints.push(what);
    tell?.(`COMPLAINT: ${what}`);
  };
  const samples: Sample[] = [];
  const call = createCalls(world, random);
  const beganAt = Date.now();
  const endsAt = beganAt + seconds * 1_000;
  const isOn = (): boolean => Date.now() < endsAt && complaints.length < COMPLAINTS_KEPT && signal?.aborted !== true;

  const pacing = async (perSecond: number, atOnce: number, start: () => Promise<void>): Promise<void> => {
    const running = new Set<Promise<void>>();
    let due = 0;
    while (isOn()) {
      due = Math.min(due + (perSecond * TICK_MS) / 1_000, atOnce);
      for (; due >= 1 && running.size < atOnce; due -= 1) {
        const one: Promise<void> = start()
          .catch((error: unknown) => complain(error instanceof Error ? (error.stack ?? error.message) : String(error)))
          .finally(() => running.delete(one));
        running.add(one);
      }
      await pause(TICK_MS);
    }
    await Promise.all(running);
  };
  const calling = pacing(rate, IN_FLIGHT_MAX, async () => {
    const { kind, complaint } = await call(random.one(world.agents));
    outcomes.add(kind);
    if (complaint !== null) complain(`WRONG ANSWER: ${complaint}`);
  });
  const changing = pacing(Math.max(2, agents / 50), CHANGES_AT_ONCE_MAX, async () => {
    const name = await changeSomething(world, random);
    if (name !== null) changes.add(name);
  });
  const sampling = async (): Promise<void> => {
    for (let index = 1; isOn(); index += 1) {
      samples.push({ atSeconds: (Date.now() - beganAt) / 1_000, ...(await hub.memory()) });
      if (index % (SAMPLES / 10) === 0) tell?.(progressLine(samples.at(-1), outcomes.total(), complaints.length));
      await pause(Math.min(10_000, (seconds * 1_000) / SAMPLES));
    }
  };
  const leaving = new AbortController();
  const places = Array.from({ length: Math.ceil(agents * LISTENING_SHARE) }, (_, index) => index);
  const listening = keepListening(world, places, leaving.signal, streams.add);
  await Promise.all([calling, changing, sampling()]);
  leaving.abort();
  await listening;

  const memory = judgeMemory(samples, seconds);
  if (options.judgesMemory && memory !== null) for (const what of memoryComplaints(memory)) complain(what);
  await hub.stop();
  for (const line of hub.complaints) complain(`LOG: ${line.slice(0, 2_000)}`);
  return {
    seconds: (Date.now() - beganAt) / 1_000,
    agents,
    seed,
    calls: outcomes.total(),
    outcomes: outcomes.all(),
    changes: changes.all(),
    streams: streams.all(),
    warnings: Object.fromEntries(hub.warnings),
    memory,
    samples,
    complaints,
  };
}

function progressLine(sample: Sample | undefined, calls: number, complaints: number): string {
  const { atSeconds = 0, heapUsed = 0, rss = 0 } = sample ?? {};
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return `${atSeconds.toFixed(0)} s: ${calls} calls, heap ${mib(heapUsed)}, rss ${mib(rss)}, ${complaints} complaints`;
}

function counter() {
  const counts = new Map<string, number>();
  return {
    add: (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1),
    total: (): number => [...counts.values()].reduce((sum, count) => sum + count, 0),
    all: (): Record<string, number> => Object.fromEntries(counts),
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
