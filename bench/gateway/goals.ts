// The goals of the gateway's speed, and whether a run meets them: each is a median over the cells of medians over
// rounds of ratios within a round.

import type { Memory, Run } from './measure.ts';
import type { Cell } from './options.ts';
import { addedP50s, cpuOf, isIn, medianOf, perSecondOf, ratioWithinRounds } from './summary.ts';

export type Goal = {
  readonly name: string;
  readonly wanted: string;
  /** Null where the run did not measure it. */
  readonly value: number | null;
  /** The least and the most of one cell. */
  readonly range: readonly [number, number] | null;
  readonly met: boolean | null;
};

const THROUGHPUT_TO_HTTP = 1.1;
const THROUGHPUT_TO_UNDICI = 0.9;
const CPU_TO_UNDICI = 1.15;
const ADDED_P50_TO_UNDICI = 1.15;
const MEMORY_TO_UNDICI = 1.3;

export function goalsOf(
  { runs, memory }: { readonly runs: readonly Run[]; readonly memory: readonly Memory[] },
  cells: readonly Cell[],
  subject: string,
): Goal[] {
  const overCells = (of: (here: readonly Run[]) => number | null, which = cells): (number | null)[] =>
    which.map((cell) => of(runs.filter(isIn(cell))));
  const atLeast = (name: string, least: number, values: readonly (number | null)[]): Goal =>
    judged(name, `≥ ${least}`, values, (value) => value >= least);
  const atMost = (name: string, most: number, values: readonly (number | null)[]): Goal =>
    judged(name, `≤ ${most}`, values, (value) => value <= most);
  const ratioTo = (other: string, measure: (run: Run) => number | null) => (here: readonly Run[]) =>
    ratioWithinRounds(here, subject, other, measure);
  const after = (target: string): number | null => memory.find((each) => each.target === target)?.afterMiB ?? null;
  const [own, bare] = [after(subject), after('bare-undici')];
  const errors = runs.filter((run) => run.target === subject).reduce((sum, run) => sum + run.errors, 0);
  return [
    atLeast('throughput × bare-http', THROUGHPUT_TO_HTTP, overCells(ratioTo('bare-http', perSecondOf))),
    atLeast('throughput × bare-undici', THROUGHPUT_TO_UNDICI, overCells(ratioTo('bare-undici', perSecondOf))),
    atMost('CPU per call × bare-undici', CPU_TO_UNDICI, overCells(ratioTo('bare-undici', cpuOf))),
    atMost(
      'added p50 at 1 in flight × bare-undici',
      ADDED_P50_TO_UNDICI,
      overCells(
        (here) => addedRatio(here, subject),
        cells.filter((cell) => cell.inFlight === 1),
      ),
    ),
    atMost('memory afterwards × bare-undici', MEMORY_TO_UNDICI, [own === null || bare === null ? null : own / bare]),
    { name: 'errors', wanted: '0', value: errors, range: null, met: errors === 0 },
  ];
}

function addedRatio(here: readonly Run[], subject: string): number | null {
  const bare = new Map(addedP50s(here, 'bare-undici').map(({ round, added }) => [round, added]));
  return medianOf(
    addedP50s(here, subject).map(({ round, added }) => {
      const beside = bare.get(round) ?? 0;
      return beside > 0 ? added / beside : null;
    }),
  );
}

function judged(
  name: string,
  wanted: string,
  values: readonly (number | null)[],
  isMet: (value: number) => boolean,
): Goal {
  const present = values.filter((value) => value !== null);
  const value = medianOf(present);
  return {
    name,
    wanted,
    value,
    range: present.length > 1 ? [Math.min(...present), Math.max(...present)] : null,
    met: value === null ? null : isMet(value),
  };
}
