// Name, limits and the switch of an agent, and its end.

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, problemOf, unwrap } from '../../api/client.ts';
import { type Agent, agentConnectorsQuery, agentKeysQuery, agentsQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { plural, useChange } from '../../ui/actions.ts';
import { TextField } from '../../ui/form.tsx';
import { Button, Note, Section } from '../../ui/parts.tsx';
import { Removal } from '../../ui/removal.tsx';

type Change = {
  name?: string;
  enabled?: boolean;
  limits?: { callsPerMinute?: number | null; callsInFlight?: number | null };
};
const numberOrNull = (text: string): number | null => (text.trim() === '' ? null : Number(text));

export function AgentSettings({ agent }: { agent: Agent }) {
  const mayChange = useMay('operator');
  const save = useChange(
    (body: Change) => unwrap(api.PATCH('/api/agents/{id}', { params: { path: { id: agent.id } }, body })),
    {
      touches: ['agents'],
      done: () => 'Saved',
    },
  );
  const [name, setName] = useState(agent.name);
  const [perMinute, setPerMinute] = useState(agent.limits.callsPerMinute?.toString() ?? '');
  const [inFlight, setInFlight] = useState(agent.limits.callsInFlight?.toString() ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({
      name: name.trim(),
      limits: { callsPerMinute: numberOrNull(perMinute), callsInFlight: numberOrNull(inFlight) },
    });
  };
  return (
    <div className="max-w-3xl space-y-10">
      {!mayChange && <Note>Viewers see settings but change nothing. An owner can make you an operator.</Note>}
      <Section title="General">
        <div className="card">
          <label className="flex items-center justify-between gap-4 border-b border-line px-5 py-4">
            <span>
              <span className="block text-sm font-medium">Enabled</span>
              <span className="block text-sm text-ink-3">
                Switched off, every key of this agent is refused; nothing is lost.
              </span>
            </span>
            <input
              type="checkbox"
              className="switch"
              checked={agent.enabled}
              disabled={!mayChange || save.isPending}
              onChange={(event) => save.mutate({ enabled: event.target.checked })}
            />
          </label>
          <form onSubmit={submit} className="p-5">
            <fieldset disabled={!mayChange} className="space-y-5">
              <TextField
                label="Name"
                required
                maxLength={100}
                value={name}
                error={save.error === null ? null : problemOf(save.error).message}
                onChange={(event) => setName(event.target.value)}
              />
              <div className="grid gap-4 sm:grid-cols-2">
                <TextField
                  label="Calls per minute"
                  type="number"
                  min={1}
                  optional
                  placeholder="no limit"
                  value={perMinute}
                  onChange={(event) => setPerMinute(event.target.value)}
                />
                <TextField
                  label="Calls at once"
                  type="number"
                  min={1}
                  optional
                  placeholder="no limit"
                  value={inFlight}
                  onChange={(event) => setInFlight(event.target.value)}
                />
              </div>
              {mayChange && (
                <div className="flex justify-end">
                  <Button type="submit" kind="primary" busy={save.isPending} disabled={name.trim() === ''}>
                    Save changes
                  </Button>
                </div>
              )}
            </fieldset>
          </form>
        </div>
      </Section>
      {mayChange && <Danger agent={agent} />}
    </div>
  );
}

function Danger({ agent }: { agent: Agent }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const keys = useQuery(agentKeysQuery(agent.id)).data?.length ?? 0;
  const rows = useQuery(agentConnectorsQuery(agent.id)).data ?? [];
  const tools = rows.reduce((sum, row) => sum + row.tools.filter(({ granted }) => granted).length, 0);
  const own = rows.filter(
    ({ credentialMode, state }) =>
      credentialMode === 'per_agent' && state !== 'connect_required' && state !== 'secret_required',
  );
  const remove = useChange(() => unwrap(api.DELETE('/api/agents/{id}', { params: { path: { id: agent.id } } })), {
    touches: ['connectors', 'health'],
    done: () => `${agent.name} was removed`,
  });
  return (
    <Removal
      what="agent"
      name={agent.name}
      hint="Its keys stop working at once."
      remove={async () => {
        await remove.mutateAsync(undefined);
        queries.setQueryData(agentsQuery.queryKey, (all) => all?.filter(({ id }) => id !== agent.id));
        await navigate({ to: '/agents' });
      }}
    >
      <ul className="list-disc space-y-1 pl-5">
        <li>{plural(keys, 'key')}: programs that hold one are refused</li>
        <li>what it was granted, {plural(tools, 'tool')}</li>
        {own.length > 0 && <li>its own credentials at {own.map(({ name }) => name).join(', ')}</li>}
      </ul>
    </Removal>
  );
}
