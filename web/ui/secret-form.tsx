// An agent's own token or API key for one connector: it goes in and is never shown again.

import { type FormEvent, useState } from 'react';
import { api, problemOf, unwrap } from '../api/client.ts';
import type { Connector } from '../api/queries.ts';
import { useChange } from './actions.ts';
import { SecretField } from './form.tsx';
import { Button } from './parts.tsx';

export function SecretForm({
  agentId,
  connectorId,
  connectorName,
  authType,
  done,
  stacked = false,
}: {
  agentId: string;
  connectorId: string;
  connectorName: string;
  authType: Connector['authType'] | string;
  done?: () => void;
  stacked?: boolean;
}) {
  const [secret, setSecret] = useState('');
  const save = useChange(
    (value: string) =>
      unwrap(
        api.PUT('/api/agents/{id}/credentials/{connectorId}', {
          params: { path: { id: agentId, connectorId } },
          body: { secret: value },
        }),
      ),
    { touches: ['agents', 'connectors', 'health'], done: () => `The secret for ${connectorName} is kept` },
  );
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (secret === '') return;
    await save.mutateAsync(secret).then(
      () => {
        setSecret('');
        done?.();
      },
      () => undefined,
    );
  };
  return (
    <form onSubmit={submit} className={stacked ? 'space-y-4' : 'flex flex-wrap items-end gap-2'}>
      <div className="min-w-0 flex-[1_1_14rem]">
        <SecretField
          label={`${authType === 'bearer' ? 'Token' : 'API key'} for ${connectorName}`}
          value={secret}
          error={save.error === null ? null : problemOf(save.error).message}
          onChange={(event) => setSecret(event.target.value)}
        />
      </div>
      <div className={stacked ? 'flex justify-end' : ''}>
        <Button type="submit" kind="primary" busy={save.isPending} disabled={secret === ''}>
          Save
        </Button>
      </div>
    </form>
  );
}
