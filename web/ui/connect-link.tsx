// A link to send to whoever can sign in at the provider for an agent.

import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from '../api/client.ts';
import { CopyLine } from './copy.tsx';
import { Modal } from './dialog.tsx';
import { ErrorNote, Note, RowSkeletons } from './parts.tsx';
import { Ago } from './time.tsx';

export function ConnectLink({
  connectorId,
  connectorName,
  agentId,
  agentName,
  close,
}: {
  connectorId: string;
  connectorName: string;
  agentId: string;
  agentName: string;
  close: () => void;
}) {
  const { data, error, isPending } = useQuery({
    queryKey: ['connect-link', connectorId, agentId],
    queryFn: () =>
      unwrap(
        api.POST('/api/connectors/{id}/connect', { params: { path: { id: connectorId } }, body: { agentId: agentId } }),
      ),
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  });
  return (
    <Modal
      open
      onClose={close}
      title="Send a connect link"
      description={`Whoever opens it signs in at ${connectorName} for ${agentName}. No account here is needed.`}
    >
      {isPending ? (
        <RowSkeletons count={1} />
      ) : error !== null ? (
        <ErrorNote error={error} />
      ) : (
        <div className="space-y-3">
          <CopyLine text={data.connectUrl} what="connect link" />
          <Note>
            It works once, in one browser, and ends <Ago at={data.expiresAt} />. This page updates when the sign-in is
            done.
          </Note>
        </div>
      )}
    </Modal>
  );
}
