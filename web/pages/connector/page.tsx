// One connector: its head, how a sign-in ended, and the sections.

import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { RefreshCw } from 'lucide-react';
import { ApiProblem } from '../../api/client.ts';
import { type Connector, type ConnectorSummary, connectorQuery, connectorSummaryQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { connectorState, type Mend } from '../../model/connector-state.ts';
import { PageBody, PageHead } from '../../shell/page.tsx';
import { NotFound, PagePending } from '../../shell/states.tsx';
import { useSync } from '../../ui/actions.ts';
import { Landing } from '../../ui/landing.tsx';
import { Mark } from '../../ui/mark.tsx';
import { MendButton } from '../../ui/mend-button.tsx';
import { Button, ErrorNote, StateBadge } from '../../ui/parts.tsx';
import { TabLinks } from '../../ui/tabs.tsx';
import { AgentsTab } from './agents-tab.tsx';
import { Overview } from './overview.tsx';
import { SettingsTab } from './settings-tab.tsx';
import { ToolsTab } from './tools-tab.tsx';
import { TranscriptTab } from './transcript-tab.tsx';

const route = getRouteApi('/frame/connectors/$id');

export function ConnectorPage() {
  const { id } = route.useParams();
  const { data: connector, error, refetch } = useQuery(connectorQuery(id));
  const { data: summary } = useQuery(connectorSummaryQuery(id));
  if (error instanceof ApiProblem && error.status === 404) return <NotFound />;
  if (error !== null && connector === undefined) {
    return (
      <PageBody>
        <ErrorNote error={error} retry={() => void refetch()} />
      </PageBody>
    );
  }
  if (connector === undefined || summary === undefined) return <PagePending />;
  return <Shown connector={connector} summary={summary} />;
}

function Shown({ connector, summary }: { connector: Connector; summary: ConnectorSummary }) {
  const { tab, ...outcome } = route.useSearch();
  const mayChange = useMay('operator');
  const sync = useSync();
  const { tone, label, reason, mend } = connectorState(summary);
  const changes = summary.tools.changesWaiting;
  const perAgent = connector.credentialMode === 'per_agent';
  const again: Mend =
    outcome.error === 'client_rejected' ? 'register_again' : outcome.error === 'sync_failed' ? 'sync' : 'connect';
  return (
    <PageBody>
      <PageHead
        title={connector.name}
        up={{ to: '/connectors', label: 'Connectors' }}
        mark={<Mark name={connector.name} large />}
        actions={
          mayChange && (
            <>
              {mend !== 'sync' && (
                <Button busy={sync.isPending} onClick={() => sync.mutate({ connectorId: connector.id })}>
                  {!sync.isPending && <RefreshCw />}
                  Sync
                </Button>
              )}
              {mend !== null && outcome.error === undefined && (
                <MendButton connector={connector} mend={mend} prominent small={false} />
              )}
            </>
          )
        }
      >
        <span className="font-mono text-xs">{connector.url}</span>
      </PageHead>
      <Landing
        outcome={outcome}
        action={mayChange && !perAgent && <MendButton connector={connector} mend={again} prominent />}
      />
      <div className="-mt-2 mb-5 flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <StateBadge tone={tone}>{label}</StateBadge>
        {reason !== null && <p className="text-sm text-ink-2 [overflow-wrap:anywhere]">{reason}</p>}
      </div>
      <TabLinks
        label="Sections"
        current={tab}
        items={[
          { value: undefined, label: 'Overview' },
          { value: 'tools', label: 'Tools', count: changes > 0 ? changes : connector.tools.count, alert: changes > 0 },
          { value: 'agents', label: 'Agents' },
          { value: 'transcript', label: 'Transcript' },
          { value: 'settings', label: 'Settings' },
        ]}
      />
      {tab === 'tools' ? (
        <ToolsTab connector={connector} />
      ) : tab === 'agents' ? (
        <AgentsTab connector={connector} />
      ) : tab === 'transcript' ? (
        <TranscriptTab connector={connector} />
      ) : tab === 'settings' ? (
        <SettingsTab key={connector.id} connector={connector} agentsGranted={summary.agents.granted} />
      ) : (
        <Overview connector={connector} summary={summary} />
      )}
    </PageBody>
  );
}
