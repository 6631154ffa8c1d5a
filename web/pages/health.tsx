// What will break soon, worst first, each with the one step that prevents it.

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { AlertTriangle, CheckCircle2, Info, XCircle } from 'lucide-react';
import { healthQuery, type Warning } from '../api/queries.ts';
import { sentence } from '../model/connector-state.ts';
import { PageBody, PageHead } from '../shell/page.tsx';
import { MendButton } from '../ui/mend-button.tsx';
import { Empty, ErrorNote, RowSkeletons, Tag } from '../ui/parts.tsx';
import { Ago } from '../ui/time.tsx';

const SEVERITY = {
  error: { title: 'Broken now', icon: <XCircle className="text-bad" /> },
  warning: { title: 'Will break soon', icon: <AlertTriangle className="text-warn" /> },
  notice: { title: 'Worth a look', icon: <Info className="text-ink-3" /> },
} as const;

const KIND: Record<Warning['kind'], string> = {
  no_refresh_token: 'no refresh token',
  refresh_failing: 'refresh fails',
  registration_expiring: 'registration ends',
  tool_changes_waiting: 'tool changes',
  server_unreachable: 'unreachable',
  needs_person: 'needs a person',
};

export function HealthPage() {
  const { data, error, isPending, refetch } = useQuery(healthQuery);
  return (
    <PageBody narrow>
      <PageHead title="Health">
        {data ? (
          <>
            What will break soon, looked at <Ago at={data.checkedAt} />
            {!data.complete && '; there is more than these, look at each connector'}
          </>
        ) : (
          'What will break soon'
        )}
      </PageHead>
      {isPending ? (
        <div className="card overflow-hidden">
          <RowSkeletons count={3} />
        </div>
      ) : error !== null && data === undefined ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data?.items.length === 0 ? (
        <div className="card">
          <Empty icon={<CheckCircle2 />} title="Nothing is about to break">
            Credentials refresh by themselves, servers answer, and no tool change waits for a person.
          </Empty>
        </div>
      ) : (
        <div className="space-y-8">
          {(['error', 'warning', 'notice'] as const).map((severity) => (
            <Group
              key={severity}
              severity={severity}
              items={data?.items.filter((item) => item.severity === severity) ?? []}
            />
          ))}
        </div>
      )}
    </PageBody>
  );
}

function Group({ severity, items }: { severity: keyof typeof SEVERITY; items: readonly Warning[] }) {
  if (items.length === 0) return null;
  const { title, icon } = SEVERITY[severity];
  return (
    <section aria-labelledby={`health-${severity}`}>
      <h2 id={`health-${severity}`} className="mb-3 flex items-center gap-2 text-base [&_svg]:size-4">
        <span aria-hidden="true">{icon}</span>
        {title}
        <span className="text-sm font-normal text-ink-3">{items.length}</span>
      </h2>
      <ul className="card divide-y divide-line overflow-hidden">
        {items.map((item) => (
          <Row key={`${item.kind} ${item.connectorId} ${item.agentId}`} item={item} />
        ))}
      </ul>
    </section>
  );
}

function Row({ item }: { item: Warning }) {
  const { connectorId, connectorName, agentId, agentName, action } = item;
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-3 px-4 py-3.5">
      <div className="min-w-0 flex-[1_1_18rem]">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
          {item.title}
          <Tag tone={item.severity === 'error' ? 'bad' : item.severity === 'warning' ? 'warn' : 'idle'}>
            {KIND[item.kind]}
          </Tag>
        </p>
        <p className="text-sm text-ink-2 [overflow-wrap:anywhere]">{sentence(item.detail)}</p>
        <p className="mt-1 flex flex-wrap gap-x-3 text-xs text-ink-3">
          {connectorId !== null && (
            <Link to="/connectors/$id" params={{ id: connectorId }} className="link">
              {connectorName}
            </Link>
          )}
          {agentId !== null && (
            <Link to="/agents/$id" params={{ id: agentId }} className="link">
              {agentName}
            </Link>
          )}
          {item.at !== null && <Ago at={item.at} />}
        </p>
      </div>
      {action !== null &&
        (action.kind === 'review' ? (
          <Link
            to="/connectors/$id"
            params={{ id: action.connectorId }}
            search={{ tab: 'tools' }}
            className="btn btn-default btn-sm"
          >
            Review
          </Link>
        ) : (
          <MendButton
            connector={{ id: action.connectorId, name: connectorName ?? '' }}
            mend={action.kind}
            agentId={action.agentId}
            prominent={item.severity === 'error'}
          />
        ))}
    </li>
  );
}
