// One connector as this agent sees it: to be connected, to be given a secret, usable with its tools, or broken.

import { Link } from '@tanstack/react-router';
import { ChevronDown, Send } from 'lucide-react';
import { memo, useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import type { AgentConnector } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { agentCardState, sentence } from '../../model/connector-state.ts';
import { plural, useChange, useConnect } from '../../ui/actions.ts';
import { ConnectLink } from '../../ui/connect-link.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Button, StateBadge, Tag } from '../../ui/parts.tsx';
import { SecretForm } from '../../ui/secret-form.tsx';
import { ToolChecks } from './tool-checks.tsx';
import type { useGrants } from './use-grants.ts';

type Props = {
  agentId: string;
  agentName: string;
  row: AgentConnector;
  grants: Pick<ReturnType<typeof useGrants>, 'grant' | 'grantAll'>;
  open: boolean;
};

export const ConnectorCard = memo(function ConnectorCard({
  agentId,
  agentName,
  row,
  grants,
  open: openAtFirst,
}: Props) {
  const mayChange = useMay('operator');
  const [open, setOpen] = useState(openAtFirst);
  const state = agentCardState(row);
  const own = row.credentialMode === 'per_agent';
  const granted = row.tools.filter((tool) => tool.granted).length;
  const available = state === 'usable' || state === 'broken';
  const body = `tools-${row.connectorId}`;
  return (
    <li className={`card ${available ? '' : 'bg-sunken shadow-none'}`} data-state={row.state}>
      <div className="flex flex-wrap items-center gap-x-3.5 gap-y-3 px-4 py-3">
        <span className={available ? '' : 'opacity-55 grayscale'}>
          <Mark name={row.name} />
        </span>
        <div className="min-w-0 flex-[1_1_12rem]">
          <div className="flex flex-wrap items-center gap-x-2">
            <Link
              to="/connectors/$id"
              params={{ id: row.connectorId }}
              className={`rounded-sm font-medium hover:underline ${available ? '' : 'text-ink-2'}`}
            >
              {row.name}
            </Link>
            {own && <Tag>per agent</Tag>}
          </div>
          <CardState row={row} />
        </div>
        {!available && state === 'connect' && mayChange && (
          <ConnectButtons agentId={agentId} agentName={agentName} row={row} />
        )}
        {state === 'broken' && mayChange && row.authType === 'oauth' && (
          <ConnectButtons agentId={agentId} agentName={agentName} row={row} />
        )}
        {available && (
          <Button
            kind="ghost"
            className="max-sm:-mx-3 max-sm:w-[calc(100%+1.5rem)] max-sm:justify-between sm:-mr-3"
            aria-expanded={open}
            aria-controls={body}
            onClick={() => setOpen(!open)}
          >
            {row.allTools ? 'All tools' : `${granted} of ${row.tools.length} tools`}
            <ChevronDown className={`transition-transform ${open ? 'rotate-180' : ''}`} />
            <span className="sr-only">of {row.name}</span>
          </Button>
        )}
      </div>
      {state === 'secret' && own && mayChange && (
        <div className="border-t border-line px-4 py-3.5">
          <SecretForm
            agentId={agentId}
            connectorId={row.connectorId}
            connectorName={row.name}
            authType={row.authType}
            done={() => setOpen(true)}
          />
        </div>
      )}
      {available && open && (
        <div id={body}>
          <ToolChecks row={row} {...grants} disabled={!mayChange} />
          {own && mayChange && <OwnCredential agentId={agentId} agentName={agentName} row={row} />}
        </div>
      )}
    </li>
  );
});

function CardState({ row }: { row: AgentConnector }) {
  const own = row.credentialMode === 'per_agent';
  const reason = sentence(row.reason);
  switch (agentCardState(row)) {
    case 'connect':
      return (
        <StateBadge tone="idle">{own ? 'Not connected for this agent' : 'The shared sign-in is missing'}</StateBadge>
      );
    case 'secret':
      return (
        <StateBadge tone="idle">
          {own ? 'This agent has no secret here yet' : 'The shared secret is missing'}
        </StateBadge>
      );
    case 'broken':
      return (
        <div>
          <StateBadge tone={row.state === 'needs_scope' ? 'warn' : 'bad'}>
            {row.state === 'needs_scope' ? 'Needs more scope' : row.state === 'error' ? 'Error' : 'Reconnect needed'}
          </StateBadge>
          {reason && <p className="text-xs text-ink-3 [overflow-wrap:anywhere]">{reason}</p>}
        </div>
      );
    default:
      return <StateBadge tone="ok">{usableLabel(row)}</StateBadge>;
  }
}

function usableLabel({ authType, credentialMode }: AgentConnector): string {
  if (authType === 'none') return 'No credential needed';
  if (credentialMode !== 'per_agent') return 'Uses the shared credential';
  return authType === 'oauth' ? 'Connected' : 'Token configured';
}

function ConnectButtons({ agentId, agentName, row }: { agentId: string; agentName: string; row: AgentConnector }) {
  const connect = useConnect();
  const [link, setLink] = useState(false);
  const own = row.credentialMode === 'per_agent';
  const label = row.state === 'connect_required' ? 'Connect' : row.state === 'needs_scope' ? 'Add scope' : 'Reconnect';
  return (
    <div className="flex flex-wrap gap-2">
      {own && (
        <Button onClick={() => setLink(true)} aria-label={`Send a connect link for ${row.name}`}>
          <Send />
          Send link
        </Button>
      )}
      <Button
        kind="primary"
        busy={connect.isPending}
        aria-label={`${label} ${row.name}`}
        onClick={() =>
          connect.mutate({ connectorId: row.connectorId, ...(own ? { agentId } : { returnTo: `/agents/${agentId}` }) })
        }
      >
        {label}
      </Button>
      {link && (
        <ConnectLink
          connectorId={row.connectorId}
          connectorName={row.name}
          agentId={agentId}
          agentName={agentName}
          close={() => setLink(false)}
        />
      )}
    </div>
  );
}

function OwnCredential({ agentId, agentName, row }: { agentId: string; agentName: string; row: AgentConnector }) {
  const [asking, setAsking] = useState(false);
  const disconnect = useChange(
    () =>
      unwrap(
        api.DELETE('/api/agents/{id}/credentials/{connectorId}', {
          params: { path: { id: agentId, connectorId: row.connectorId } },
        }),
      ),
    { touches: ['agents', 'connectors', 'health'], done: () => `${agentName} is disconnected from ${row.name}` },
  );
  const granted = row.tools.filter((tool) => tool.granted).length;
  return (
    <div className="flex flex-wrap items-start gap-3 border-t border-line px-4 py-3">
      {row.authType !== 'oauth' && (
        <details className="group min-w-0 flex-1">
          <summary className="btn btn-default btn-sm">Replace token</summary>
          <div className="pt-3">
            <SecretForm
              agentId={agentId}
              connectorId={row.connectorId}
              connectorName={row.name}
              authType={row.authType}
            />
          </div>
        </details>
      )}
      <Button small kind="danger-quiet" className="ml-auto" onClick={() => setAsking(true)}>
        Disconnect
      </Button>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={`Disconnect ${agentName} from ${row.name}?`}
        action="Disconnect"
        run={() => disconnect.mutateAsync(undefined)}
      >
        <p>
          Its credential is revoked at the provider where it can be, and forgotten here. {plural(granted, 'tool')} stop
          working for it at once; what was ticked stays ticked.
        </p>
      </Confirm>
    </div>
  );
}
