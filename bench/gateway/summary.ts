// From rounds to figures: the median over the rounds, and of every comparison the median of what it was within
// each round.

import { median } from '../machine.ts';
import { cellName, type Run } from './measure.ts';
import type { Cell } from './options.ts';

export type Row = {
  readonly cell: string;
  readonly target: string;
  readonly perSecond: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly timesDirect: number | null;
  readonly timesBareHttp: number | null;
  readonly timesBareUndici: number | null;
  readonly addedP50Ms: number | null;
  readonly cpuMicros: number | null;
  readonly errors: number;
  readonly errorKinds: readonly string[];
};

type Measure = (run: Run) => number | null;

export const perSecondOf: Measure = (run) => (run.requests === 0 ? null : run.perSecond);
export const cpuOf: Measure = (run) => run.cpuMicros;

export function isIn(cell: Cell): (run: Run) => boolean {
  const name = cellName(cell);
  return (run) => cellName(run) === name;
}

export function summarise(runs: readonly Run[], cells: readonly Cell[]): Row[] {
  return cells.flatMap((cell) => {
    const here = runs.filter(isIn(cell));
    return [...new Set(here.map((run) => run.target))].map((target) => {
      const mine = here.filter((run) => run.target === target);
      const middle = (measure: Measure): number | null => medianOf(mine.map(measure));
      const times = (other: string): number | null => ratioWithinRounds(here, target, other, perSecondOf);
      return {
        cell: cellName(cell),
        target,
        perSecond: middle(perSecondOf),
        p50Ms: middle((run) => run.p50Ms),
        p95Ms: middle((run) => run.p95Ms),
        p99Ms: middle((run) => run.p99Ms),
        timesDirect: times('direct'),
        timesBareHttp: times('bare-http'),
        timesBareUndici: times('bare-undici'),
        addedP50Ms: target === 'direct' ? null : medianOf(addedP50s(here, target).map(({ added }) => added)),
        cpuMicros: middle(cpuOf),
        errors: mine.reduce((sum, run) => sum + run.errors, 0),
        errorKinds: [...new Set(mine.flatMap((run) => Object.keys(run.errorKinds)))],
      };
    });
  });
}

/** Of runs of one cell: how `target` compares to `other`, as the median over the rounds. */
export function ratioWithinRounds(
  runs: readonly Run[],
  target: string,
  other: string,
  measure: Measure,
): number | null {
  return medianOf(
    runs.map((run) => {
      if (run.target !== target) return null;
      const beside = runs.find((each) => each.target === other && each.round === run.round);
      const [above, below] = [measure(run), beside === undefined ? null : measure(beside)];
      return above === null || below === null || below === 0 ? null : above / below;
    }),
  );
}

/** What `target` adds to the median duration of a call, in each round that has both. */
export function addedP50s(runs: readonly Run[], target: string): { round: number; added: number }[] {
  return runs.flatMap((run) => {
    const direct = runs.find((each) => each.target === 'direct' && each.round === run.round);
    if (run.target !== target || run.p50Ms === null || direct?.p50Ms == null) return [];
    return [{ round: run.round, added: run.p50Ms - direct.p50Ms }];
  });
}

/** Of those that are there; null when there is none. */
export function medianOf(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return present.length === 0 ? null : median(present);
}
