// The run itself: cell by cell, in rounds; in a round every target has its turn alone, and who begins moves on
// from round to round, in every other one backwards, so that nobody always comes after the same one. Only figures of one round are ever compared.

import { runCountedLoad, setMode } from '../rig/counted-load.ts';
import { runLoad } from '../rig/load.ts';
import { cpuMs, machineCpuMs, processTree, rssMiB } from '../rig/process-tree.ts';
import type { LoadFigures } from '../rig/recorder.ts';
import type { Cell, GatewayOptions } from './options.ts';
import type { Target, Targets } from './targets.ts';

type CpuUse = { readonly target: number | null; readonly others: number | null };
const NOTHING_USED: CpuUse = { target: null, others: null };
const PREWARM = { inFlight: 8, sizeBytes: 2_000, warmupSeconds: 0 };

export type Run = Cell &
  LoadFigures & {
    readonly target: string;
    readonly round: number;
    /** Per call, of the target's process tree. */
    readonly cpuMicros: number | null;
    readonly rssMiB: number | null;
    /** How many cores' worth of time the rest of the machine took meanwhile. */
    readonly othersCores: number | null;
  };
export type Memory = {
  readonly target: string;
  readonly beforeMiB: number | null;
  readonly afterMiB: number | null;
  readonly peakMiB: number | null;
};
export type Measured = { readonly runs: readonly Run[]; readonly memory: readonly Memory[] };

export async function measure(
  { all, upstream }: Targets,
  options: GatewayOptions,
  tell: (line: string) => void,
): Promise<Measured> {
  const memoryBefore = new Map(all.map((target) => [target.name, memoryOf(target)]));
  const runs: Run[] = [];

  const once = async (target: Target, cell: Cell, round: number): Promise<Run> => {
    let pids: readonly number[] = [];
    let before = NOTHING_USED;
    let after = NOTHING_USED;
    const figures = await runCountedLoad(upstream.origin, {
      ...target,
      ...cell,
      seconds: options.seconds,
      warmupSeconds: options.warmupSeconds,
      onBegin: () => {
        pids = target.pid === null ? [] : processTree(target.pid);
        before = cpuUse(pids, upstream.pid);
      },
      onEnd: () => {
        after = cpuUse(pids, upstream.pid);
      },
    }).catch((error: unknown) => failed(error));
    const used = difference(before.target, after.target);
    const others = difference(before.others, after.others);
    return {
      ...cell,
      ...figures,
      target: target.name,
      round,
      cpuMicros: used === null || figures.requests === 0 ? null : (used * 1_000) / figures.requests,
      rssMiB: rssMiB(pids),
      othersCores: others === null ? null : Math.max(0, others / (figures.seconds * 1_000)),
    };
  };

  // Everything is compiled before anything is timed; what this measures is thrown away.
  for (const { era, mode } of options.prewarmSeconds > 0 ? kindsOf(options.cells) : []) {
    await setMode(upstream.origin, mode);
    const seconds = options.prewarmSeconds;
    for (const target of processesOf(all)) await runLoad({ ...target, ...PREWARM, era, seconds }).catch(failed);
  }
  for (const cell of options.cells) {
    await setMode(upstream.origin, cell.mode);
    const targets = all.filter((target) => target.inCell(cell));
    for (let round = 0; round < options.rounds; round += 1) {
      for (let turn = 0; turn < targets.length; turn += 1) {
        const target = targets[placeIn(round, turn, targets.length)];
        if (target !== undefined) runs.push(await once(target, cell, round));
      }
    }
    tell(`measured: ${cellName(cell)}`);
  }
  const memory = processesOf(all)
    .filter((target) => target.pid !== null)
    .map((target) => ({
      target: target.name,
      beforeMiB: memoryBefore.get(target.name) ?? null,
      afterMiB: memoryOf(target),
      peakMiB: Math.max(...runs.filter((run) => run.target === target.name).map((run) => run.rssMiB ?? 0)),
    }));
  return { runs, memory };
}

export function cellName({ era, mode, sizeBytes, inFlight }: Cell): string {
  const size =
    sizeBytes >= 1_000_000
      ? `${sizeBytes / 1_000_000} MB`
      : sizeBytes >= 1_000
        ? `${sizeBytes / 1_000} kB`
        : `${sizeBytes} B`;
  return `${era}, ${mode}, ${size}, ${inFlight} in flight`;
}

/** One target of each process, so that none is warmed twice as long as another. */
function processesOf(all: readonly Target[]): Target[] {
  return all.filter((target, i) => all.findIndex(({ pid }) => pid === target.pid) === i);
}

/** The eras in each mode. */
export function kindsOf(cells: readonly Cell[]): Cell[] {
  return [...new Map(cells.map((cell) => [`${cell.era} ${cell.mode}`, cell])).values()];
}

function memoryOf({ pid }: Target): number | null {
  return pid === null ? null : rssMiB(processTree(pid));
}

function placeIn(round: number, turn: number, length: number): number {
  return (round + (round % 2 === 0 ? turn : length - 1 - turn)) % length;
}

/** What the target took so far, and what everything but target, server and load took. */
function cpuUse(pids: readonly number[], upstreamPid: number): CpuUse {
  const target = cpuMs(pids);
  const machine = machineCpuMs();
  const server = cpuMs([upstreamPid]);
  const { user, system } = process.cpuUsage();
  const others =
    machine === null || server === null ? null : machine - server - (target ?? 0) - (user + system) / 1_000;
  return { target, others };
}

function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}

function failed(error: unknown): LoadFigures {
  const kind = error instanceof Error ? error.message.slice(0, 200) : 'unknown';
  return {
    seconds: 1,
    requests: 0,
    replies: 0,
    perSecond: 0,
    p50Ms: null,
    p95Ms: null,
    p99Ms: null,
    errors: 1,
    errorKinds: { [kind]: 1 },
  };
}
