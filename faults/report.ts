// What the suite found: for each fault how often it was put in, how fast all was well again, what did not hold.

export type FaultReport = {
  readonly name: string;
  /** 0: left out. */
  readonly injected: number;
  /** Until every replica was ready; null: not within ten seconds, or left out. */
  readonly recoveryMs: number | null;
  readonly seconds: number;
  /** Complaints, by invariant. */
  readonly broken: Readonly<Partial<Record<string, readonly string[]>>>;
};

export type Report = {
  readonly seed: number;
  readonly seconds: number;
  readonly hasNamespaces: boolean;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly faults: readonly FaultReport[];
  readonly notes: readonly string[];
  /** Complaints that came after the last fault was looked at. */
  readonly late: readonly string[];
};

export const complaintsOf = ({ faults, late }: Report): string[] => [
  ...faults.flatMap(({ name, broken }) =>
    Object.entries(broken).flatMap(([invariant, what]) => (what ?? []).map((one) => `${name}: ${invariant}: ${one}`)),
  ),
  ...late,
];

/** Several runs as one table. */
export function tableOf(reports: readonly Report[]): string {
  const names = [...new Set(reports.flatMap(({ faults }) => faults.map(({ name }) => name)))];
  const rows = names.map((name) => {
    const runs = reports.flatMap(({ faults }) => faults.filter((fault) => fault.name === name));
    const injected = runs.reduce((sum, run) => sum + run.injected, 0);
    const recoveries = runs.flatMap(({ recoveryMs }) => (recoveryMs === null ? [] : [recoveryMs]));
    const broken = runs.reduce((sum, run) => sum + Object.values(run.broken).flat().length, 0);
    const slowest = recoveries.length === 0 ? '' : `${(Math.max(...recoveries) / 1_000).toFixed(1)} s`;
    const verdict = injected === 0 ? 'left out' : broken === 0 ? 'all held' : `${broken} broken`;
    return `| ${name} | ${injected} | ${slowest} | ${verdict} |`;
  });
  return ['| fault | injected | all ready after, at most | invariants |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

export function textOf(reports: readonly Report[]): string {
  const outcomes = new Map<string, number>();
  for (const report of reports)
    for (const [kind, count] of Object.entries(report.outcomes)) outcomes.set(kind, (outcomes.get(kind) ?? 0) + count);
  const counted = [...outcomes]
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, n]) => `  ${String(n).padStart(7)}  ${kind}`);
  const complaints = reports.flatMap(complaintsOf);
  return [
    ...reports.map(
      ({ seed, seconds, notes }) =>
        `seed ${seed}: ${Math.round(seconds)} s${notes.map((note) => `\n  ${note}`).join('')}`,
    ),
    '',
    'meanwhile',
    ...counted,
    '',
    tableOf(reports),
    '',
    complaints.length === 0 ? 'FAULTS: PASSED' : `FAULTS: FAILED\n${complaints.map((one) => `  ${one}`).join('\n')}`,
  ].join('\n');
}
