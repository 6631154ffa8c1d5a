// What a soak found: counts by kind, complaints, and whether the hub's memory stayed where it was.

import { median } from '../bench/machine.ts';
import type { Memory } from './hub-process.ts';

export type Sample = Memory & { readonly atSeconds: number };
export type MemoryVerdict = {
  /** Medians in MiB: after the warm-up, and of the last fifth. */
  readonly [part in 'heap' | 'rss']: { readonly before: number; readonly after: number; readonly growth: number };
};

export type Report = {
  readonly seconds: number;
  readonly agents: number;
  readonly seed: number;
  readonly calls: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly changes: Readonly<Record<string, number>>;
  readonly streams: Readonly<Record<string, number>>;
  readonly warnings: Readonly<Record<string, number>>;
  readonly memory: MemoryVerdict | null;
  readonly samples: readonly Sample[];
  /** Everything that makes it fail, the first hundred. */
  readonly complaints: readonly string[];
};

/** Of thirty minutes the first five. */
const WARM_UP = 1 / 6;
const LAST = 1 / 5;
const GROWTH_MAX = 0.1;
const MIB = 2 ** 20;

export function judgeMemory(samples: readonly Sample[], seconds: number): MemoryVerdict | null {
  const between = (from: number, to: number) =>
    samples.filter(({ atSeconds }) => atSeconds >= from * seconds && atSeconds <= to * seconds);
  const [early, late] = [between(WARM_UP, WARM_UP + LAST), between(1 - LAST, 1)];
  if (early.length < 3 || late.length < 3) return null;
  const part = (of: (sample: Sample) => number) => {
    const [before, after] = [median(early.map(of)) / MIB, median(late.map(of)) / MIB];
    return { before, after, growth: after / before - 1 };
  };
  return { heap: part(({ heapUsed }) => heapUsed), rss: part(({ rss }) => rss) };
}

export function memoryComplaints(memory: MemoryVerdict): string[] {
  return (['heap', 'rss'] as const).flatMap((part) => {
    const { before, after, growth } = memory[part];
    if (growth <= GROWTH_MAX) return [];
    return [
      `memory (${part}) grew by ${(growth * 100).toFixed(1)} %, from ${before.toFixed(1)} to ${after.toFixed(1)} MiB`,
    ];
  });
}

export function textOf(report: Report): string {
  const { seconds, agents, seed, calls, memory, complaints } = report;
  const counts = (title: string, values: Readonly<Record<string, number>>): string[] => {
    const rows = Object.entries(values).toSorted(([, a], [, b]) => b - a);
    return rows.length === 0
      ? []
      : ['', title, ...rows.map(([name, count]) => `  ${String(count).padStart(8)}  ${name}`)];
  };
  const memoryLine = (part: 'heap' | 'rss', { before, after, growth }: MemoryVerdict['heap']) =>
    `  ${part.padEnd(4)}  ${before.toFixed(1)} → ${after.toFixed(1)} MiB (${growth < 0 ? '' : '+'}${(growth * 100).toFixed(1)} %)`;
  return [
    `${agents} agents, ${Math.round(seconds)} s, ${calls} calls (${Math.round(calls / seconds)} /s), seed ${seed}`,
    ...counts('answers, each checked', report.outcomes),
    ...counts('changes meanwhile', report.changes),
    ...counts('listening streams', report.streams),
    ...counts('warnings in the log', report.warnings),
    '',
    'memory of the hub after a collection, medians after the warm-up and of the last fifth',
    ...(memory === null
      ? ['  too few samples']
      : (['heap', 'rss'] as const).map((part) => memoryLine(part, memory[part]))),
    '',
    complaints.length === 0 ? 'SOAK: PASSED' : `SOAK: FAILED\n${complaints.map((one) => `  ${one}`).join('\n')}`,
  ].join('\n');
}
