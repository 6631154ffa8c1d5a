// A new key: named, made, shown once with the client's file around it.

import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import type { Agent, Client } from '../../api/queries.ts';
import { useChange } from '../../ui/actions.ts';
import { CodeBlock } from '../../ui/copy.tsx';
import { SelectField, TextField } from '../../ui/form.tsx';
import { FormDialog, MadeDialog, ShownOnce } from '../../ui/form-dialog.tsx';
import { CLIENTS, fileOf } from './clients.ts';

const DAY_MS = 86_400_000;
const LIFETIMES = [
  ['', 'Until it is revoked'],
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'A year'],
] as const;

export function NewKey({ agent, close }: { agent: Agent; close: () => void }) {
  const [label, setLabel] = useState('');
  const [client, setClient] = useState<Client>('claude-code');
  const [days, setDays] = useState('');
  const create = useChange(
    () =>
      unwrap(
        api.POST('/api/agents/{id}/keys', {
          params: { path: { id: agent.id } },
          body: {
            ...(label.trim() === '' ? {} : { label: label.trim() }),
            client,
            expiresAt: days === '' ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString(),
          },
        }),
      ),
    { touches: ['agents'] },
  );
  const made = create.data;
  if (made !== undefined) {
    const { file } = fileOf(client);
    return (
      <MadeDialog close={close} wide title="The key is made">
        <ShownOnce text={made.key} what="key" />
        {made.config !== undefined && (
          <CodeBlock
            text={JSON.stringify(made.config, null, 2)}
            what={`configuration with the key for ${file}`}
            title={file}
          />
        )}
      </MadeDialog>
    );
  }
  return (
    <FormDialog
      close={close}
      title={`Create a key for ${agent.name}`}
      label="Create key"
      busy={create.isPending}
      error={create.error}
      submit={() => create.mutate(undefined)}
    >
      <TextField
        label="Label"
        optional
        maxLength={100}
        placeholder="Where it will live, such as “CI”"
        value={label}
        onChange={(event) => setLabel(event.target.value)}
      />
      <SelectField
        label="Client"
        value={client}
        options={CLIENTS.map(({ value, label: text }) => [value, text] as const)}
        onChange={(event) => setClient(event.target.value as Client)}
        hint="Its configuration is shown with the key filled in."
      />
      <SelectField label="Valid" value={days} options={LIFETIMES} onChange={(event) => setDays(event.target.value)} />
    </FormDialog>
  );
}
