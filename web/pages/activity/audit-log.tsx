// Who changed what.

import { useQuery } from '@tanstack/react-query';
import { agentsQuery, auditQuery, connectorsQuery } from '../../api/queries.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { Ago } from '../../ui/time.tsx';
import type { ActivityFilter } from './filter.ts';

/** `agent_key.created` reads as "Agent key created". */
const words = (action: string): string => {
  const text = action.replaceAll(/[._]/g, ' ').replace(/^api /, 'API ');
  return text.charAt(0).toUpperCase() + text.slice(1);
};

export function AuditLog({ filter }: { filter: ActivityFilter }) {
  const { agentId, connectorId } = filter;
  const query = useQuery(
    auditQuery({
      ...(agentId === undefined ? {} : { agentId }),
      ...(connectorId === undefined ? {} : { connectorId }),
    }),
  );
  const { data } = query;
  const connectors = new Map(useQuery(connectorsQuery).data?.items.map(({ id, name }) => [id, name]));
  const agents = new Map(useQuery(agentsQuery).data?.map(({ id, name }) => [id, name]));
  return (
    <section aria-label="Audit log" className="min-w-0">
      <h2 className="mb-3 flex h-8 items-center text-base">Audit log</h2>
      <div className="card overflow-hidden">
        {data === undefined ? (
          <Awaited inCard query={query} rows={6} height="h-14" />
        ) : data.items.length === 0 ? (
          <p className="px-4 py-6 text-center text-sm text-ink-3">Nothing was changed here.</p>
        ) : (
          <ol className="divide-y divide-line">
            {data.items.map((entry) => {
              const about = [connectors.get(entry.connectorId ?? ''), agents.get(entry.agentId ?? '')]
                .filter(Boolean)
                .join(', ');
              return (
                <li key={entry.id} className="px-4 py-2.5 text-sm">
                  <p className="[overflow-wrap:anywhere]">
                    {words(entry.action)}
                    {about !== '' && <span className="text-ink-3"> · {about}</span>}
                  </p>
                  <p className="truncate text-xs text-ink-3" title={entry.actor}>
                    {entry.actorName === null ? entry.actor : `${entry.actorName} (${entry.actorEmail})`} ·{' '}
                    <Ago at={entry.at} />
                  </p>
                </li>
              );
            })}
          </ol>
        )}
      </div>
    </section>
  );
}
