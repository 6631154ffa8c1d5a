// Every agent at this connector: who is connected, who is not, and a link to send to whoever can sign in.

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Bot, Send } from 'lucide-react';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { type Connector, type ConnectorAgent, connectorAgentsQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { sentence, type Tone } from '../../model/connector-state.ts';
import { plural, useChange } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { ConnectLink } from '../../ui/connect-link.tsx';
import { Confirm, Modal } from '../../ui/dialog.tsx';
import { MendButton } from '../../ui/mend-button.tsx';
import { Button, Empty, StateBadge } from '../../ui/parts.tsx';
import { SecretForm } from '../../ui/secret-form.tsx';
import { Ago } from '../../ui/time.tsx';

const STATE: Record<ConnectorAgent['state'], { tone: Tone; label: string }> = {
  usable: { tone: 'ok', label: 'Connected' },
  connect_required: { tone: 'idle', label: 'Not connected' },
  secret_required: { tone: 'idle', label: 'No secret yet' },
  reauthorization_required: { tone: 'bad', label: 'Reconnect needed' },
  needs_scope: { tone: 'warn', label: 'Needs more scope' },
  error: { tone: 'bad', label: 'Error' },
};

export function AgentsTab({ connector }: { connector: Connector }) {
  const query = useQuery(connectorAgentsQuery(connector.id));
  const { data } = query;
  if (data === undefined) return <Awaited query={query} rows={4} />;
  if (data.length === 0)
    return (
      <div className="card">
        <Empty
          icon={<Bot />}
          title="No agents yet"
          action={
            <Link to="/agents" className="btn btn-default">
              Go to agents
            </Link>
          }
        >
          Make an agent, then give it tools of {connector.name}.
        </Empty>
      </div>
    );
  return (
    <>
      {connector.credentialMode !== 'per_agent' && connector.authType !== 'none' && (
        <p className="mb-3 text-sm text-ink-3">
          All agents use the one shared credential; this is what each was granted.
        </p>
      )}
      <ul className="card divide-y divide-line overflow-hidden" aria-label="Agents">
        {data.map((agent) => (
          <AgentRow key={agent.agentId} connector={connector} agent={agent} />
        ))}
      </ul>
    </>
  );
}

function AgentRow({ connector, agent }: { connector: Connector; agent: ConnectorAgent }) {
  const mayChange = useMay('operator');
  const [dialog, setDialog] = useState<'link' | 'secret' | 'disconnect' | null>(null);
  const own = connector.credentialMode === 'per_agent';
  const oauth = connector.authType === 'oauth';
  const { tone, label } = STATE[agent.state];
  const disconnect = useChange(
    () =>
      unwrap(
        api.DELETE('/api/agents/{id}/credentials/{connectorId}', {
          params: { path: { id: agent.agentId, connectorId: connector.id } },
        }),
      ),
    { touches: ['connectors', 'agents', 'health'], done: () => `${agent.name} is disconnected from ${connector.name}` },
  );
  const close = () => setDialog(null);
  return (
    <li className="grid items-center gap-x-4 gap-y-2 px-4 py-3 md:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_auto] lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_19rem]">
      <div className="min-w-0">
        <Link to="/agents/$id" params={{ id: agent.agentId }} className="rounded-sm font-medium hover:underline">
          {agent.name}
        </Link>
        {!agent.enabled && <span className="ml-2 text-xs text-ink-3">disabled</span>}
        <p className="text-xs text-ink-3">
          {agent.allTools ? 'All tools, new ones too' : `${plural(agent.granted, 'tool')} granted`}
        </p>
      </div>
      <div className="min-w-0">
        <StateBadge tone={tone}>{label}</StateBadge>
        <p className="text-xs text-ink-3">
          {agent.state === 'usable' && agent.credential?.setAt ? (
            <>
              since <Ago at={agent.credential.setAt} />
            </>
          ) : (
            tone !== 'idle' && sentence(agent.reason)
          )}
        </p>
      </div>
      {mayChange && own && (
        <div className="flex flex-wrap gap-2 md:justify-end">
          {oauth && agent.state !== 'usable' && (
            <>
              <Button small onClick={() => setDialog('link')} aria-label={`Send a connect link: ${agent.name}`}>
                <Send />
                Send a connect link
              </Button>
              <MendButton
                connector={connector}
                mend={agent.state === 'connect_required' ? 'connect' : 'reconnect'}
                agentId={agent.agentId}
              />
            </>
          )}
          {!oauth && (
            <Button small onClick={() => setDialog('secret')} aria-label={`Enter secret: ${agent.name}`}>
              {agent.credential?.configured ? 'Replace secret' : 'Enter secret'}
            </Button>
          )}
          {agent.credential?.configured && (
            <Button
              small
              kind="danger-quiet"
              onClick={() => setDialog('disconnect')}
              aria-label={`Disconnect ${agent.name}`}
            >
              Disconnect
            </Button>
          )}
        </div>
      )}
      {dialog === 'link' && (
        <ConnectLink
          connectorId={connector.id}
          connectorName={connector.name}
          agentId={agent.agentId}
          agentName={agent.name}
          close={close}
        />
      )}
      <Modal open={dialog === 'secret'} onClose={close} title={`${connector.name} secret of ${agent.name}`}>
        <SecretForm
          agentId={agent.agentId}
          connectorId={connector.id}
          connectorName={connector.name}
          authType={connector.authType}
          done={close}
          stacked
        />
      </Modal>
      <Confirm
        open={dialog === 'disconnect'}
        onClose={close}
        title={`Disconnect ${agent.name}?`}
        action="Disconnect"
        run={() => disconnect.mutateAsync(undefined)}
      >
        <p>
          The credential of {agent.name} at {connector.name} is forgotten, and revoked at the provider where it can be.
          What it was granted stays.
        </p>
      </Confirm>
    </li>
  );
}
