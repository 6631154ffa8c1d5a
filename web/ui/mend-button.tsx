// The one button that mends a connector, whatever is wrong with it.

import { useNavigate } from '@tanstack/react-router';
import type { ConnectorSummary } from '../api/queries.ts';
import { useMay } from '../api/session.ts';
import { MEND_LABEL, type Mend } from '../model/connector-state.ts';
import { useMend } from './actions.ts';
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
  const change = useMend();
  if (!mayChange) return null;
  const run = () => {
    if (mend !== 'set_secret') change.mutate({ mend, connectorId: connector.id, ...(agentId ? { agentId } : {}) });
    else if (agentId) void navigate({ to: '/agents/$id', params: { id: agentId } });
    else void navigate({ to: '/connectors/$id', params: { id: connector.id }, search: { tab: 'settings' } });
  };
  return (
    <Button
      kind={prominent ? 'primary' : 'default'}
      small={small}
      busy={change.isPending}
      onClick={run}
      aria-label={`${MEND_LABEL[mend]}: ${connector.name}`}
    >
      {MEND_LABEL[mend]}
    </Button>
  );
}
