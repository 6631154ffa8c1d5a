// The gateway beside the server itself and two bare reverse proxies, in one interleaved run.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machine } from '../machine.ts';
import { figure, table } from '../table.ts';
import { type Goal, goalsOf } from './goals.ts';
import { cellName, kindsOf, type Measured, type Memory, measure } from './measure.ts';
import type { GatewayOptions } from './options.ts';
import { medianOf, type Row, summarise } from './summary.ts';
import { startTargets } from './targets.ts';

const BETWEEN_SECONDS = 0.1;

export type GatewayFigures = {
  readonly rounds: number;
  readonly seconds: number;
  readonly goals: readonly Goal[];
  readonly memory: readonly Memory[];
  readonly rows: readonly Row[];
  /** What the rest of the machine took while something was measured, in cores. */
  readonly othersCores: { readonly median: number | null; readonly most: number };
};

/** Tells its progress on standard error. */
export async function benchGateway(options: GatewayOptions): Promise<GatewayFigures> {
  const { cells, rounds, seconds, warmupSeconds, prewarmSeconds } = options;
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-gateway-'));
  const targets = await startTargets(folder, options);
  let measured: Measured;
  try {
    const turns = cells.reduce((sum, cell) => sum + targets.all.filter((target) => target.inCell(cell)).length, 0);
    const kinds = kindsOf(cells).length;
    const total =
      turns * rounds * (seconds + warmupSeconds + BETWEEN_SECONDS) + kinds * targets.all.length * prewarmSeconds;
    tell(`gateway: ${cells.length} cells, ${rounds} rounds of ${seconds} s: about ${figure(total / 60, 1)} min`);
    measured = await measure(targets, options, tell);
  } finally {
    await targets.stop();
    await rm(folder, { recursive: true, force: true });
  }
  const others = measured.runs.flatMap((run) => (run.othersCores === null ? [] : [run.othersCores]));
  const figures = {
    rounds,
    seconds,
    goals: goalsOf(measured, cells, targets.subject),
    memory: measured.memory,
    rows: summarise(measured.runs, cells),
    othersCores: { median: medianOf(others), most: Math.max(0, ...others) },
  };
  if (options.out !== null) {
    const all = { at: new Date().toISOString(), machine: machine(), ...figures, runs: measured.runs };
    await writeFile(options.out, `${JSON.stringify(all, null, 1)}\n`);
  }
  return figures;
}

export function printGateway({ rows, memory, goals, othersCores }: GatewayFigures, { cells }: GatewayOptions): string {
  const heads = ['target', 'calls/s', 'p50 ms', 'p95 ms', 'p99 ms', '× direct', '× bare-http', '× bare-undici'];
  const tables = cells.map(cellName).map((cell) => {
    const lines = rows
      .filter((row) => row.cell === cell)
      .map((row) => [
        row.target,
        figure(row.perSecond),
        ...[row.p50Ms, row.p95Ms, row.p99Ms, row.timesDirect, row.timesBareHttp, row.timesBareUndici].map((value) =>
          figure(value, 2),
        ),
        figure(row.addedP50Ms, 3),
        figure(row.cpuMicros),
        `${row.errors}${row.errors > 0 ? ` (${row.errorKinds.join('; ')})` : ''}`,
      ]);
    return `${cell}\n\n${table([...heads, 'added p50 ms', 'CPU µs/call', 'errors'], lines)}`;
  });
  const held = memory.map((each) => [
    each.target,
    ...[each.beforeMiB, each.afterMiB, each.peakMiB].map((value) => figure(value)),
  ]);
  const verdicts = goals.map(({ name, wanted, value, range, met }) => [
    name,
    wanted,
    figure(value, name === 'errors' ? 0 : 3),
    range === null ? '' : range.map((end) => figure(end, 2)).join(' to '),
    met === null ? 'not measured' : met ? 'met' : 'missed',
  ]);
  return [
    ...tables,
    `Memory of the processes, MiB\n\n${table(['target', 'before', 'after', 'most'], held)}`,
    `Goals: medians over the cells, and the least and the most of one cell\n\n${table(['goal', 'wanted', 'median', 'cells', ''], verdicts)}`,
    `Meanwhile the rest of the machine took ${figure(othersCores.median, 2)} cores (median; at most ${figure(othersCores.most, 2)}): the nearer to 0, the more the figures are worth.`,
  ].join('\n\n');
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
