// What agents call: over time, how fast, what fails; the last calls, and who changed what.

import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { agentsQuery, connectorsQuery, statsQuery } from '../../api/queries.ts';
import { bucketsOf, RANGES, type Range } from '../../model/buckets.ts';
import { PageBody, PageHead } from '../../shell/page.tsx';
import { Filter } from '../../ui/filter.tsx';
import { Button, ErrorNote, Skeleton } from '../../ui/parts.tsx';
import { AuditLog } from './audit-log.tsx';
import { CallsOverTime, LatencyOverTime } from './charts.tsx';
import { Figures } from './figures.tsx';
import type { ActivityFilter } from './filter.ts';
import { LastCalls } from './last-calls.tsx';
import { ToolTables } from './tool-tables.tsx';

const route = getRouteApi('/frame/activity');

const RANGE_LABEL: Record<Range, string> = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' };

export function ActivityPage() {
  const { range: wanted, agent, connector, tool } = route.useSearch();
  const range: Range = wanted !== undefined && Object.hasOwn(RANGES, wanted) ? (wanted as Range) : '24h';
  const filter = {
    ...(agent === undefined ? {} : { agentId: agent }),
    ...(connector === undefined ? {} : { connectorId: connector }),
    ...(tool === undefined ? {} : { toolName: tool }),
  };
  return (
    <PageBody>
      <PageHead title="Activity">
        What agents called through the gateway. Arguments and results are kept only where a connector asks for it.
      </PageHead>
      <Filters range={range} />
      <Charts range={range} filter={filter} />
      <div className="mt-8">
        <ToolTables hours={RANGES[range].hours} filter={filter} />
      </div>
      <div className="mt-8 grid grid-cols-1 items-start gap-x-6 gap-y-8 xl:grid-cols-[minmax(0,1.3fr)_minmax(0,1fr)]">
        <LastCalls filter={filter} />
        <AuditLog filter={filter} />
      </div>
    </PageBody>
  );
}

function Filters({ range }: { range: Range }) {
  const { agent, connector, tool } = route.useSearch();
  const navigate = route.useNavigate();
  const agents = useQuery(agentsQuery).data ?? [];
  const connectors = useQuery(connectorsQuery).data?.items ?? [];
  const set = (part: Record<string, string | undefined>) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2">
      <Filter
        label="Time"
        value={range}
        options={(Object.keys(RANGES) as Range[]).map((value) => ({ value, label: RANGE_LABEL[value] }))}
        onChange={(value) => set({ range: value === '24h' ? undefined : value })}
      />
      <div className="flex gap-2 max-sm:w-full">
        <Pick label="Agent" all="All agents" value={agent} items={agents} onChange={(value) => set({ agent: value })} />
        <Pick
          label="Connector"
          all="All connectors"
          value={connector}
          items={connectors}
          onChange={(value) => set({ connector: value, tool: undefined })}
        />
      </div>
      {tool !== undefined && (
        <Button small onClick={() => set({ tool: undefined })} aria-label={`Stop filtering by tool ${tool}`}>
          <span className="font-mono">{tool}</span>
          <X />
        </Button>
      )}
    </div>
  );
}

function Pick({
  label,
  all,
  value,
  items,
  onChange,
}: {
  label: string;
  all: string;
  value: string | undefined;
  items: readonly { id: string; name: string }[];
  onChange: (value: string | undefined) => void;
}) {
  return (
    <select
      className="field w-auto max-w-44 max-sm:max-w-none max-sm:flex-1"
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">{all}</option>
      {items.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Charts({ range, filter }: { range: Range; filter: ActivityFilter }) {
  const { data, error, refetch } = useQuery(
    statsQuery({ ...filter, groupBy: 'hour', hours: RANGES[range].hours, limit: 744 }),
  );
  const buckets = useMemo(() => (data === undefined ? null : bucketsOf(data.groups, range, Date.now())), [data, range]);
  if (error !== null && data === undefined) return <ErrorNote error={error} retry={() => void refetch()} />;
  return (
    <>
      <Figures filter={filter} hours={RANGES[range].hours} />
      <div className="mt-3 grid grid-cols-1 gap-x-6 gap-y-3 xl:grid-cols-2">
        <ChartCard
          title="Calls"
          legend={
            <Legend
              items={[
                ['bg-accent/90', 'calls'],
                ['bg-bad', 'of them failed'],
              ]}
            />
          }
        >
          {buckets === null ? <Skeleton className="h-50 w-full" /> : <CallsOverTime buckets={buckets} />}
        </ChartCard>
        <ChartCard
          title="Time of servers"
          legend={
            <Legend
              items={[
                ['bg-accent', 'median'],
                ['bg-accent-second', 'p95'],
              ]}
            />
          }
        >
          {buckets === null ? <Skeleton className="h-50 w-full" /> : <LatencyOverTime buckets={buckets} />}
        </ChartCard>
      </div>
    </>
  );
}

function ChartCard({ title, legend, children }: { title: string; legend: ReactNode; children: ReactNode }) {
  return (
    <section className="card min-w-0 px-4 pt-3.5 pb-3" aria-label={title}>
      <header className="flex flex-wrap items-center justify-between gap-x-4">
        <h2 className="text-sm font-medium">{title}</h2>
        {legend}
      </header>
      {children}
    </section>
  );
}

function Legend({ items }: { items: readonly (readonly [color: string, text: string])[] }) {
  return (
    <p className="flex gap-3 text-xs text-ink-3">
      {items.map(([color, text]) => (
        <span key={text} className="flex items-center gap-1.5">
          <span aria-hidden="true" className={`size-2 rounded-[2px] ${color}`} />
          {text}
        </span>
      ))}
    </p>
  );
}
