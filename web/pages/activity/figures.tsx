// The numbers above the charts.

import { useQuery } from '@tanstack/react-query';
import { statsQuery } from '../../api/queries.ts';
import { milliseconds } from '../../model/buckets.ts';
import type { ActivityFilter } from './filter.ts';

export function Figures({ filter, hours }: { filter: ActivityFilter; hours: number }) {
  const { data } = useQuery(statsQuery({ ...filter, groupBy: 'all', hours }));
  const all = data?.groups[0];
  const calls = all?.calls ?? 0;
  const errors = all?.errors ?? 0;
  const figures = [
    ['Calls', calls.toLocaleString('en')],
    ['Failed', calls === 0 ? '0' : `${((errors / calls) * 100).toFixed(errors === 0 ? 0 : 1)} %`],
    ['Median of servers', all?.upstreamMs ? milliseconds(all.upstreamMs.p50) : '–'],
    ['p95 of servers', all?.upstreamMs ? milliseconds(all.upstreamMs.p95) : '–'],
  ] as const;
  return (
    <dl className="grid grid-cols-2 gap-x-3 gap-y-3 md:grid-cols-4 xl:gap-x-6">
      {figures.map(([term, value]) => (
        <div key={term} className="card px-4 py-3">
          <dt className="text-xs text-ink-3">{term}</dt>
          <dd className={`text-xl font-semibold tracking-tight tabular-nums ${data === undefined ? 'opacity-30' : ''}`}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}
