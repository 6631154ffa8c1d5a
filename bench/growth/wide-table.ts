// The tables of the part wide.

import { figure, table } from '../table.ts';
import type { WideFigures } from './wide.ts';

const SAME = 0.1;
const PAGE_GOAL_MS = 20;

export function printWide({ database, figures }: { readonly database: string; readonly figures: WideFigures }): string {
  const { calls, rows } = figures;
  const sizes = calls.map(({ size }) => `${figure(size.credentials)} credentials`);
  const called = calls.map((row, i) => [
    ...[row.size.agents, row.size.connectors, row.size.credentials, row.perSecond].map((each) => figure(each)),
    figure(row.p50Ms, 2),
    figure(row.cpuMicros),
    figure(row.timesSmallest, 3),
    figure(row.cpuTimesSmallest, 3),
    figure(row.coldP50Ms, 2),
    figure(row.coldP95Ms, 2),
    figure(row.rssMiB),
    figure(row.errors),
    i === 0 ? '' : row.timesSmallest >= 1 - SAME ? 'met' : 'missed',
  ]);
  const heads = [
    'agents',
    'connectors',
    'credentials',
    'warm calls/s',
    'p50 ms',
    'CPU µs/call',
    '× smallest',
    'CPU × smallest',
  ];
  const asked = rows.map(({ what, p95Ms }) => [
    what,
    ...p95Ms.map((each) => figure(each, 2)),
    (p95Ms.at(-1) ?? Number.POSITIVE_INFINITY) < PAGE_GOAL_MS ? 'met' : 'missed',
  ]);
  return [
    `Growth of everything, ${database}: warm calls, the same throughput within 10 %; cold calls, each agent's first`,
    table([...heads, 'cold p50 ms', 'cold p95 ms', 'MiB', 'errors', ''], called, 0),
    `Pages and queries, ${database}, one at a time: p95 in ms, below ${PAGE_GOAL_MS} at the largest`,
    table(['', ...sizes, ''], asked),
  ].join('\n\n');
}
