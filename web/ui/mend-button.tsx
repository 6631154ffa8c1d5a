// The one button that mends a connector, whatever is wrong with it.

import { useNavigate } from '@tanstack/react-router';
import type { ConnectorSummary } from '../api/queries.ts';
import { useMay } from '../api/session.ts';
import { MEND_LABEL, type Mend } from '../model/connector-state.ts';
import { useConnect, useRegisterAgain, useSync } from './actions.ts';
import { Button } from './parts.tsx';

type Target = Pick<ConnectorSummary, 'id' | 'name'>;

export function MendButton({
  connector,
  mend,
  agentId,
  prominent = false,
  small = true,
}: {
  connector: Target;
  mend: Mend;
  agentId?: string | null;
  prominent?: boolean;
  small?: boolean;
}) {
  const navigate = useNavigate();
  const mayChange = useMay('operator');
  const connect = useConnect();
  const register = useRegisterAgain();
  const sync = useSync();
  if (!mayChange) return null;
  const own = agentId ? { agentId } : {};
  const run: Record<Mend, () => void> = {
    connect: () => connect.mutate({ connectorId: connector.id, ...own }),
    reconnect: () => connect.mutate({ connectorId: connector.id, ...own }),
    add_scope: () => connect.mutate({ connectorId: connector.id, ...own }),
    register_again: () => register.mutate({ connectorId: connector.id, ...own }),
    sync: () => sync.mutate({ connectorId: connector.id, ...own }),
    set_secret: () =>
      agentId
        ? void navigate({ to: '/agents/$id', params: { id: agentId } })
        : void navigate({ to: '/connectors/$id', params: { id: connector.id }, search: { tab: 'settings' } }),
  };
  return (
    <Button
      kind={prominent ? 'primary' : 'default'}
      small={small}
      busy={connect.isPending || register.isPending || sync.isPending}
      onClick={run[mend]}
      aria-label={`${MEND_LABEL[mend]}: ${connector.name}`}
    >
      {MEND_LABEL[mend]}
    </Button>
  );
}
