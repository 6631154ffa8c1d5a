// One connector in the list.

import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { ConnectorSummary } from '../../api/queries.ts';
import { DayBars } from '../../charts/bars.tsx';
import { AUTH_LABEL, connectorState } from '../../model/connector-state.ts';
import { plural } from '../../ui/actions.ts';
import { Mark } from '../../ui/mark.tsx';
import { MendButton } from '../../ui/mend-button.tsx';
import { StateBadge, Tag } from '../../ui/parts.tsx';
import { Ago } from '../../ui/time.tsx';

export const ConnectorRow = memo(function ConnectorRow({ connector }: { connector: ConnectorSummary }) {
  const { tone, label, reason, mend } = connectorState(connector);
  const { tools, agents, calls } = connector;
  const perAgent = connector.credentialMode === 'per_agent';
  return (
    <li className="row-lazy relative grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3.5 gap-y-2 px-4 py-3 hover:bg-hover md:grid-cols-[auto_minmax(0,1.15fr)_minmax(0,1fr)_8.5rem_7.5rem]">
      <Mark name={connector.name} />
      <div className="min-w-0">
        <Link
          to="/connectors/$id"
          params={{ id: connector.id }}
          className="font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
        >
          <span className="block truncate">{connector.name}</span>
        </Link>
        <p className="truncate text-xs text-ink-3">
          {new URL(connector.url).host} · {AUTH_LABEL[connector.authType]}
        </p>
      </div>
      <div className="col-span-2 col-start-2 row-start-2 min-w-0 md:col-span-1 md:col-start-auto md:row-start-auto">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <StateBadge tone={tone}>{label}</StateBadge>
          {tools.changesWaiting > 0 && <Tag tone="warn">{plural(tools.changesWaiting, 'change')} to review</Tag>}
        </div>
        <p className="mt-0.5 text-xs text-ink-3 md:truncate" title={reason ?? undefined}>
          {reason ?? (
            <>
              {tools.syncedAt === null ? 'No tools listed yet' : plural(tools.count, 'tool')}
              {tools.syncedAt !== null && (
                <>
                  , synced <Ago at={tools.syncedAt} />
                </>
              )}
              {agents.granted > 0 && ` · ${plural(agents.granted, 'agent')}`}
            </>
          )}
        </p>
      </div>
      <div className="hidden flex-col items-end gap-0.5 md:flex">
        <DayBars calls={calls.series.calls} errors={calls.series.errors} />
        <span className="text-2xs text-ink-3 tabular-nums">
          {calls.total === 0 ? 'no calls today' : `${calls.total.toLocaleString('en')} calls`}
          {calls.errors > 0 && ` · ${((calls.errors / calls.total) * 100).toFixed(1)} % failed`}
        </span>
      </div>
      <div className="relative z-10 col-start-3 row-start-1 flex justify-end md:col-start-auto md:row-start-auto">
        {mend === null && perAgent ? (
          <Link
            to="/connectors/$id"
            params={{ id: connector.id }}
            search={{ tab: 'agents' }}
            className="btn btn-default btn-sm"
            aria-label={`Agents of ${connector.name}`}
          >
            Agents
          </Link>
        ) : (
          <MendButton connector={connector} mend={mend ?? 'sync'} />
        )}
      </div>
    </li>
  );
});
