// The last calls, one by one.

import { useQuery } from '@tanstack/react-query';
import { Activity } from 'lucide-react';
import { useState } from 'react';
import { agentsQuery, type CallFilter, callsQuery, connectorsQuery } from '../../api/queries.ts';
import { milliseconds } from '../../model/buckets.ts';
import type { Tone } from '../../model/connector-state.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { Filter } from '../../ui/filter.tsx';
import { Empty, StateBadge } from '../../ui/parts.tsx';
import { Ago } from '../../ui/time.tsx';
import type { ActivityFilter } from './filter.ts';

const OUTCOME: Record<NonNullable<CallFilter['outcome']>, { tone: Tone; label: string }> = {
  ok: { tone: 'ok', label: 'ok' },
  tool_error: { tone: 'warn', label: 'tool error' },
  error: { tone: 'bad', label: 'error' },
  refused: { tone: 'warn', label: 'refused' },
  cancelled: { tone: 'idle', label: 'cancelled' },
};

type Show = 'all' | 'error' | 'tool_error' | 'refused';

export function LastCalls({ filter }: { filter: ActivityFilter }) {
  const [show, setShow] = useState<Show>('all');
  const query = useQuery(callsQuery({ ...filter, ...(show === 'all' ? {} : { outcome: show }) }));
  const { data } = query;
  const connectors = new Map(useQuery(connectorsQuery).data?.items.map(({ id, name }) => [id, name]));
  const agents = new Map(useQuery(agentsQuery).data?.map(({ id, name }) => [id, name]));
  return (
    <section aria-label="Last calls" className="min-w-0">
      <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
        <h2 className="text-base">Last calls</h2>
        <Filter
          label="Outcome"
          value={show}
          onChange={setShow}
          options={[
            { value: 'all', label: 'All' },
            { value: 'error', label: 'Errors' },
            { value: 'tool_error', label: 'Tool errors' },
            { value: 'refused', label: 'Refused' },
          ]}
        />
      </div>
      <div className="card overflow-hidden">
        {data === undefined ? (
          <Awaited inCard query={query} rows={6} height="h-14" />
        ) : data.items.length === 0 ? (
          <Empty icon={<Activity />} title="No calls here">
            When an agent calls a tool through the gateway, it appears here.
          </Empty>
        ) : (
          <ul className="divide-y divide-line">
            {data.items.map((call) => {
              const { tone, label } = OUTCOME[call.outcome];
              return (
                <li
                  key={call.id}
                  className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 px-4 py-2.5 text-sm"
                >
                  <div className="min-w-0">
                    <p className="truncate font-mono text-xs">{call.toolName ?? call.method}</p>
                    <p className="truncate text-xs text-ink-3">
                      {agents.get(call.agentId) ?? 'a removed agent'} →{' '}
                      {connectors.get(call.connectorId) ?? 'a removed connector'}
                      {call.errorCode !== null && <span className="font-mono"> · {call.errorCode}</span>}
                    </p>
                  </div>
                  <div className="text-right">
                    <StateBadge tone={tone}>{label}</StateBadge>
                    <p className="text-xs text-ink-3 tabular-nums">
                      {call.upstreamMs > 0 && `${milliseconds(call.upstreamMs)} · `}
                      <Ago at={call.at} />
                    </p>
                  </div>
                </li>
              );
            })}
          </ul>
        )}
      </div>
    </section>
  );
}
