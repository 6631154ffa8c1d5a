// One agent: what it may use, how it gets in, what it sees, and a way to try it.

import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ApiProblem } from '../../api/client.ts';
import { type Agent, agentQuery } from '../../api/queries.ts';
import { PageBody, PageHead } from '../../shell/page.tsx';
import { NotFound, PagePending } from '../../shell/states.tsx';
import { Landing } from '../../ui/landing.tsx';
import { Mark } from '../../ui/mark.tsx';
import { ErrorNote, Tag } from '../../ui/parts.tsx';
import { TabLinks } from '../../ui/tabs.tsx';
import { Ago } from '../../ui/time.tsx';
import { AccessTab } from './access-tab.tsx';
import { AgentSettings } from './agent-settings.tsx';
import { ConnectorsTab } from './connectors-tab.tsx';
import { SeenTab } from './seen-tab.tsx';
import { TryTab } from './try-tab.tsx';

const route = getRouteApi('/frame/agents/$id');

export function AgentPage() {
  const { id } = route.useParams();
  const { data: agent, error, refetch } = useQuery(agentQuery(id));
  if (error instanceof ApiProblem && error.status === 404) return <NotFound />;
  if (error !== null && agent === undefined) {
    return (
      <PageBody>
        <ErrorNote error={error} retry={() => void refetch()} />
      </PageBody>
    );
  }
  return agent === undefined ? <PagePending /> : <Shown agent={agent} />;
}

function Shown({ agent }: { agent: Agent }) {
  const { tab, ...outcome } = route.useSearch();
  return (
    <PageBody>
      <PageHead title={agent.name} up={{ to: '/agents', label: 'Agents' }} mark={<Mark name={agent.name} large />}>
        <span className="inline-flex flex-wrap items-center gap-2">
          <span>
            Made <Ago at={agent.createdAt} />
          </span>
          {!agent.enabled && <Tag tone="warn">disabled: every call is refused</Tag>}
        </span>
      </PageHead>
      <Landing outcome={outcome} />
      <TabLinks
        label="Sections"
        current={tab}
        items={[
          { value: undefined, label: 'Connectors and tools' },
          { value: 'access', label: 'Keys and clients' },
          { value: 'seen', label: 'See as this agent' },
          { value: 'try', label: 'Try a tool' },
          { value: 'settings', label: 'Settings' },
        ]}
      />
      {tab === 'access' ? (
        <AccessTab agent={agent} />
      ) : tab === 'seen' ? (
        <SeenTab agent={agent} />
      ) : tab === 'try' ? (
        <TryTab agent={agent} />
      ) : tab === 'settings' ? (
        <AgentSettings key={agent.id} agent={agent} />
      ) : (
        <ConnectorsTab agent={agent} />
      )}
    </PageBody>
  );
}
