// What can be changed of a connector, and the two ways to lose something.

import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { ApiProblem, api, unwrap } from '../../api/client.ts';
import { type Connector, type ConnectorChange, connectorsQuery } from '../../api/queries.ts';
import { useMay } from '../../api/session.ts';
import { ConnectorFields } from '../../connector-form/fields.tsx';
import { changeOf, type FormValues, valuesOf } from '../../connector-form/values.ts';
import { plural, useChange } from '../../ui/actions.ts';
import { Choices, TextField } from '../../ui/form.tsx';
import { Button, ErrorNote, Note, Section } from '../../ui/parts.tsx';
import { Removal } from '../../ui/removal.tsx';
import { toast } from '../../ui/toast.tsx';

export function SettingsTab({ connector, agentsGranted }: { connector: Connector; agentsGranted: number }) {
  const mayChange = useMay('operator');
  return (
    <div className="max-w-3xl space-y-10">
      {!mayChange && <Note>Viewers see settings but change nothing. An owner can make you an operator.</Note>}
      <fieldset disabled={!mayChange} className="min-w-0 space-y-10">
        <Connection connector={connector} />
        <Policy connector={connector} />
      </fieldset>
      {mayChange && <Danger connector={connector} agentsGranted={agentsGranted} />}
    </div>
  );
}

function useSave(connector: Connector) {
  return useChange(
    (body: ConnectorChange) =>
      unwrap(api.PATCH('/api/connectors/{id}', { params: { path: { id: connector.id } }, body })),
    {
      touches: ['connectors', 'agents', 'health'],
      done: ({ droppedSecrets }) =>
        droppedSecrets.length > 0
          ? `Saved. The new address is another place, so these were dropped: ${droppedSecrets.join(', ')}`
          : 'Saved',
    },
  );
}

function Connection({ connector }: { connector: Connector }) {
  const [values, setValues] = useState<FormValues>(() => valuesOf(connector));
  const save = useSave(connector);
  const problem = save.error instanceof ApiProblem ? save.error : null;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const saved = await save.mutateAsync(changeOf(values, connector)).catch(() => null);
    // What was typed as a secret is kept now, and the field is empty again.
    if (saved !== null) setValues(valuesOf(saved));
  };
  const moved = URL.canParse(values.url) && new URL(values.url).origin !== new URL(connector.url).origin;
  return (
    <Section title="Connection">
      <form onSubmit={submit} className="card p-5">
        <div className="space-y-5">
          <TextField
            label="URL"
            type="url"
            className="font-mono"
            required
            value={values.url}
            error={problem?.field === 'url' ? problem.message : null}
            onChange={(event) => setValues({ ...values, url: event.target.value })}
          />
          {moved && (
            <Note kind="warn" title="This is another origin">
              Saving drops the stored credentials and header values: they were given to {new URL(connector.url).origin}{' '}
              alone.
            </Note>
          )}
          <ConnectorFields
            values={values}
            change={(part) => setValues((old) => ({ ...old, ...part }))}
            refused={problem?.field ? { field: problem.field, message: problem.message } : null}
            stored={{
              secret: connector.credential.configured && connector.authType !== 'oauth',
              client: connector.oauth?.clientConfigured ?? false,
            }}
          />
          {problem !== null && problem.field === null && <ErrorNote error={problem} />}
        </div>
        <div className="mt-6 flex justify-end border-t border-line pt-4">
          <Button type="submit" kind="primary" busy={save.isPending}>
            Save changes
          </Button>
        </div>
      </form>
    </Section>
  );
}

const numberOrNull = (text: string): number | null => (text.trim() === '' ? null : Number(text));

function Policy({ connector }: { connector: Connector }) {
  const save = useSave(connector);
  const [inFlight, setInFlight] = useState(connector.limits.callsInFlight?.toString() ?? '');
  const [timeout, setTimeoutText] = useState(connector.limits.timeoutSeconds?.toString() ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ limits: { callsInFlight: numberOrNull(inFlight), timeoutSeconds: numberOrNull(timeout) } });
  };
  return (
    <Section title="Policy">
      <div className="card space-y-6 p-5">
        <Choices
          legend="When the server rewrites a granted tool"
          name="tool-review"
          value={connector.toolReview}
          onChange={(toolReview) => {
            const before = connector.toolReview;
            save.mutateAsync({ toolReview }).then(
              () => toast('Policy changed', { undo: () => save.mutate({ toolReview: before }) }),
              () => undefined,
            );
          }}
          options={[
            { value: 'notify', label: 'Show it', hint: 'Agents go on calling; the change waits for a look.' },
            { value: 'hold', label: 'Hold it', hint: 'Nobody may call the tool until the change is approved.' },
          ]}
        />
        <Choices
          legend="When the server keeps failing"
          name="breaker"
          value={connector.limits.breaker ? 'rest' : 'go-on'}
          onChange={(value) => save.mutate({ limits: { breaker: value === 'rest' } })}
          options={[
            { value: 'rest', label: 'Let it rest', hint: 'Calls fail at once for a while, with the reason.' },
            { value: 'go-on', label: 'Go on', hint: 'Every call waits for the server.' },
          ]}
        />
        <Choices
          legend="What the call log keeps"
          name="capture"
          value={connector.capture}
          onChange={(capture) => save.mutate({ capture })}
          options={[
            { value: 'off', label: 'Who, when, how long', hint: 'Never arguments or results.' },
            {
              value: 'redacted',
              label: 'Arguments and results too',
              hint: 'Without what looks like a secret, encrypted, readable by operators and owners.',
            },
          ]}
        />
        <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
          <div className="flex-[1_1_10rem]">
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
          <div className="flex-[1_1_10rem]">
            <TextField
              label="Seconds per call"
              type="number"
              min={1}
              optional
              placeholder="no limit"
              value={timeout}
              onChange={(event) => setTimeoutText(event.target.value)}
            />
          </div>
          <Button type="submit" busy={save.isPending}>
            Save limits
          </Button>
        </form>
      </div>
    </Section>
  );
}

function Danger({ connector, agentsGranted }: { connector: Connector; agentsGranted: number }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = useChange(
    () => unwrap(api.DELETE('/api/connectors/{id}', { params: { path: { id: connector.id } } })),
    { touches: ['agents', 'health'], done: () => `${connector.name} was removed` },
  );
  const own = connector.credentialMode === 'per_agent' ? (connector.credential.agents ?? 0) : 0;
  return (
    <Removal
      what="connector"
      name={connector.name}
      hint={`${plural(connector.tools.count, 'tool')} and what ${plural(agentsGranted, 'agent')} ${agentsGranted === 1 ? 'was' : 'were'} granted of them go with it.`}
      remove={async () => {
        await remove.mutateAsync(undefined);
        queries.setQueryData(connectorsQuery.queryKey, (all) =>
          all === undefined ? all : { ...all, items: all.items.filter(({ id }) => id !== connector.id) },
        );
        await navigate({ to: '/connectors' });
      }}
    >
      <ul className="list-disc space-y-1 pl-5">
        {connector.credential.configured && <li>the shared credential, revoked at the provider where it can be</li>}
        {own > 0 && <li>the own credentials of {plural(own, 'agent')}</li>}
        <li>{plural(connector.tools.count, 'tool')} with their definitions</li>
        <li>the grants of {plural(agentsGranted, 'agent')}: their calls are refused from then on</li>
      </ul>
      <p>The call log and the audit log stay.</p>
    </Removal>
  );
}
