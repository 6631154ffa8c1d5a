// The slowest and the most failing tools.

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type CallGroup, connectorsQuery, statsQuery } from '../../api/queries.ts';
import { milliseconds } from '../../model/buckets.ts';
import { ErrorNote, Skeleton } from '../../ui/parts.tsx';
import type { ActivityFilter } from './filter.ts';

const SHOWN = 6;

export function ToolTables({ hours, filter }: { hours: number; filter: ActivityFilter }) {
  const { data, error, refetch } = useQuery(statsQuery({ ...filter, groupBy: 'tool', hours, limit: 500 }));
  const tools = data?.groups.filter(({ toolName }) => toolName) ?? [];
  const slowest = tools
    .filter(({ upstreamMs }) => upstreamMs !== null)
    .sort((a, b) => (b.upstreamMs?.p95 ?? 0) - (a.upstreamMs?.p95 ?? 0));
  const failing = tools.filter(({ errors }) => errors > 0).sort((a, b) => b.errors - a.errors);
  // Once for both tables: they are of one answer.
  if (error !== null && data === undefined) return <ErrorNote error={error} retry={() => void refetch()} />;
  const loading = data === undefined;
  return (
    <div className="grid grid-cols-1 gap-x-6 gap-y-8 xl:grid-cols-2">
      <Table
        title="Slowest tools"
        column="p95"
        loading={loading}
        empty="No call reached a server in this time."
        rows={slowest.slice(0, SHOWN)}
        cell={({ upstreamMs }) => (upstreamMs === null ? '–' : milliseconds(upstreamMs.p95))}
      />
      <Table
        title="Most failing tools"
        column="Failed"
        loading={loading}
        empty="Nothing failed in this time."
        rows={failing.slice(0, SHOWN)}
        cell={({ calls, errors }) => `${errors.toLocaleString('en')} (${((errors / calls) * 100).toFixed(0)} %)`}
      />
    </div>
  );
}

function Table({
  title,
  column,
  rows,
  cell,
  empty,
  loading,
}: {
  title: string;
  column: string;
  rows: readonly CallGroup[];
  cell: (group: CallGroup) => ReactNode;
  empty: string;
  loading: boolean;
}) {
  const connectors = new Map(useQuery(connectorsQuery).data?.items.map(({ id, name }) => [id, name]));
  return (
    <section aria-label={title} className="min-w-0">
      <h2 className="mb-3 text-base">{title}</h2>
      <div className="card overflow-hidden">
        {loading ? (
          <Skeleton className="m-4 h-28" />
        ) : rows.length === 0 ? (
          <p className="px-4 py-6 text-center text-sm text-ink-3">{empty}</p>
        ) : (
          <table className="w-full table-fixed text-sm">
            <thead>
              <tr className="border-b border-line text-left text-xs text-ink-3">
                <th className="px-4 py-2 font-medium">Tool</th>
                <th className="w-20 px-2 py-2 text-right font-medium">Calls</th>
                <th className="w-28 px-4 py-2 text-right font-medium">{column}</th>
              </tr>
            </thead>
            <tbody className="divide-y divide-line">
              {rows.map((group) => (
                <tr key={`${group.connectorId} ${group.toolName}`} className="hover:bg-hover">
                  <td className="px-4 py-2">
                    <Link
                      to="/activity"
                      search={(old) => ({
                        ...old,
                        connector: group.connectorId ?? undefined,
                        tool: group.toolName ?? undefined,
                      })}
                      className="block truncate rounded-sm font-mono text-xs hover:underline"
                    >
                      {group.toolName}
                    </Link>
                    <span className="block truncate text-xs text-ink-3">
                      {connectors.get(group.connectorId ?? '') ?? 'a removed connector'}
                    </span>
                  </td>
                  <td className="px-2 py-2 text-right tabular-nums">{group.calls.toLocaleString('en')}</td>
                  <td className="px-4 py-2 text-right whitespace-nowrap tabular-nums">{cell(group)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}
