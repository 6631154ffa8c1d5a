// How a program becomes this agent: its keys, and the file that its client reads.

import { useQuery } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { type Agent, type AgentKey, agentKeysQuery, type Client, clientConfigQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { useChange } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { CodeBlock } from '../../ui/copy.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Filter } from '../../ui/filter.tsx';
import { Button, Empty, ErrorNote, Section, Skeleton } from '../../ui/parts.tsx';
import { Ago } from '../../ui/time.tsx';
import { CLIENTS, fileOf } from './clients.ts';
import { NewKey } from './new-key.tsx';

export function AccessTab({ agent }: { agent: Agent }) {
  return (
    <div className="grid grid-cols-1 items-start gap-x-6 gap-y-10 xl:grid-cols-2">
      <Keys agent={agent} />
      <Configuration agent={agent} />
    </div>
  );
}

function Keys({ agent }: { agent: Agent }) {
  const query = useQuery(agentKeysQuery(agent.id));
  const { data } = query;
  const mayChange = useMay('operator');
  const [making, setMaking] = useState(false);
  const button = mayChange && (
    <Button small kind="primary" onClick={() => setMaking(true)}>
      <Plus />
      Create key
    </Button>
  );
  return (
    <Section
      title="Keys"
      hint="A key is shown once, when it is created."
      action={data !== undefined && data.length > 0 && button}
    >
      <div className="card overflow-hidden">
        {data === undefined ? (
          <Awaited inCard query={query} rows={2} />
        ) : data.length === 0 ? (
          <Empty icon={<KeyRound />} title="No key yet" action={button}>
            {mayChange
              ? `With a key, a program becomes ${agent.name} at the gateway.`
              : 'An operator or an owner can create one.'}
          </Empty>
        ) : (
          <ul className="divide-y divide-line" aria-label="Keys">
            {data.map((key) => (
              <KeyRow key={key.id} agent={agent} agentKey={key} mayChange={mayChange} />
            ))}
          </ul>
        )}
      </div>
      {making && <NewKey agent={agent} close={() => setMaking(false)} />}
    </Section>
  );
}

function KeyRow({ agent, agentKey, mayChange }: { agent: Agent; agentKey: AgentKey; mayChange: boolean }) {
  const [asking, setAsking] = useState(false);
  const revoke = useChange(
    () =>
      unwrap(api.DELETE('/api/agents/{id}/keys/{keyId}', { params: { path: { id: agent.id, keyId: agentKey.id } } })),
    { touches: ['agents'], done: () => 'The key is revoked' },
  );
  const name = agentKey.label || 'Unnamed key';
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-1">
        <p className="text-sm font-medium [overflow-wrap:anywhere]">{name}</p>
        <p className="text-xs text-ink-3">
          <span className="font-mono">{agentKey.prefix}…</span> · made <Ago at={agentKey.createdAt} /> · used{' '}
          <Ago at={agentKey.lastUsedAt} />
          {agentKey.expiresAt !== null && (
            <>
              {' '}
              · expires <Ago at={agentKey.expiresAt} />
            </>
          )}
        </p>
      </div>
      {mayChange && (
        <Button small kind="danger-quiet" onClick={() => setAsking(true)} aria-label={`Revoke ${name}`}>
          Revoke
        </Button>
      )}
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={`Revoke ${name}?`}
        action="Revoke key"
        run={() => revoke.mutateAsync(undefined)}
      >
        <p>
          Every program that holds this key is refused from now on. A revoked key cannot be brought back; create another
          instead.
        </p>
      </Confirm>
    </li>
  );
}

function Configuration({ agent }: { agent: Agent }) {
  const [client, setClient] = useState<Client>('claude-code');
  const { data, error, refetch } = useQuery(clientConfigQuery(agent.id, client));
  const { file, hint } = fileOf(client);
  return (
    <Section title="Client configuration" hint={hint}>
      <div className="mb-3">
        <Filter label="Client" value={client} options={CLIENTS} onChange={setClient} />
      </div>
      {error !== null ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Skeleton className="h-56 w-full rounded-lg" />
      ) : (
        <CodeBlock text={JSON.stringify(data, null, 2)} what={`configuration for ${file}`} title={file} />
      )}
    </Section>
  );
}
