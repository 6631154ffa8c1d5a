// The fields of a connector. The auth type chooses which of them show; what is hidden is not sent.

import { ChevronRight, Plus, Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { Choices, SecretField, SelectField, TextField } from '../ui/form.tsx';
import { Button } from '../ui/parts.tsx';
import { type AuthType, type FormValues, shows } from './values.ts';

const AUTH_TYPES: readonly (readonly [AuthType, string])[] = [
  ['oauth', 'OAuth: a person signs in at the provider'],
  ['bearer', 'Bearer token'],
  ['api_key_header', 'API key in a header'],
  ['none', 'None: the server is open'],
];

type Props = {
  values: FormValues;
  change: (part: Partial<FormValues>) => void;
  /** Which field the hub refused, and its words. */
  refused: { field: string; message: string } | null;
  stored?: { secret: boolean; client: boolean };
  manualOpen?: boolean;
};

export function ConnectorFields({
  values,
  change,
  refused,
  stored = { secret: false, client: false },
  manualOpen = false,
}: Props) {
  const seen = shows(values);
  const wrong = (field: string) => (refused?.field === field ? refused.message : null);
  return (
    <div className="space-y-5">
      <TextField
        label="Name"
        required
        maxLength={100}
        value={values.name}
        error={wrong('name')}
        onChange={(event) => change({ name: event.target.value })}
        hint="People see it in lists; agents see its short form in tool names."
      />
      <SelectField
        label="Authentication"
        value={values.authType}
        options={AUTH_TYPES}
        error={wrong('authType')}
        onChange={(event) => change({ authType: event.target.value as AuthType })}
      />
      {seen.headerName && (
        <TextField
          label="Header name"
          required
          placeholder="X-Api-Key"
          value={values.headerName}
          error={wrong('headerName')}
          onChange={(event) => change({ headerName: event.target.value })}
        />
      )}
      {seen.mode && (
        <Choices
          legend="Whose credential"
          name="credential-mode"
          value={values.mode}
          onChange={(mode) => change({ mode })}
          options={[
            { value: 'shared', label: 'Shared', hint: 'One credential that every agent uses.' },
            { value: 'per_agent', label: 'Per agent', hint: 'Each agent has its own; entered on the agent’s page.' },
          ]}
        />
      )}
      {seen.secret && (
        <SecretField
          label={values.authType === 'bearer' ? 'Token' : 'API key'}
          stored={stored.secret}
          value={values.secret}
          error={wrong('secret')}
          onChange={(event) => change({ secret: event.target.value })}
          hint="Kept encrypted and never shown again. A reference works too: env:CHATELAINE_SECRET_… or file:name."
        />
      )}
      {seen.oauth && (
        <Fold title="OAuth by hand" hint="Client id, scopes, endpoints" open={manualOpen}>
          <TextField
            label="Client id"
            optional
            placeholder={stored.client ? 'kept; leave empty to keep it' : undefined}
            value={values.clientId}
            error={wrong('oauth.clientId')}
            onChange={(event) => change({ clientId: event.target.value })}
          />
          <SecretField
            label="Client secret"
            optional
            stored={stored.client}
            value={values.clientSecret}
            error={wrong('oauth.clientSecret')}
            onChange={(event) => change({ clientSecret: event.target.value })}
          />
          <TextField
            label="Scopes"
            optional
            placeholder="read write"
            value={values.scope}
            error={wrong('oauth.scope')}
            onChange={(event) => change({ scope: event.target.value })}
            hint="Separated by spaces. Empty: what the server asks for."
          />
          {(
            [
              ['issuer', 'Issuer'],
              ['authorizationEndpoint', 'Authorization endpoint'],
              ['tokenEndpoint', 'Token endpoint'],
              ['revocationEndpoint', 'Revocation endpoint'],
            ] as const
          ).map(([field, label]) => (
            <TextField
              key={field}
              label={label}
              optional
              type="url"
              inputMode="url"
              placeholder="https://"
              value={values[field]}
              error={wrong(`oauth.${field}`)}
              onChange={(event) => change({ [field]: event.target.value })}
            />
          ))}
        </Fold>
      )}
      <Headers values={values} change={change} wrong={wrong('headers')} />
    </div>
  );
}

export function Fold({
  title,
  hint,
  open = false,
  children,
}: {
  title: string;
  hint: string;
  open?: boolean;
  children: ReactNode;
}) {
  return (
    <details open={open} className="group rounded-lg border border-line">
      <summary className="flex items-center gap-2 rounded-lg px-3 py-2.5 text-sm hover:bg-hover">
        <ChevronRight aria-hidden="true" className="size-4 text-ink-3 transition-transform group-open:rotate-90" />
        <span className="font-medium">{title}</span>
        <span className="truncate text-xs text-ink-3">{hint}</span>
      </summary>
      <div className="space-y-4 border-t border-line p-3.5">{children}</div>
    </details>
  );
}

function Headers({ values, change, wrong }: Pick<Props, 'values' | 'change'> & { wrong: string | null }) {
  const { headers } = values;
  const update = (id: number, part: Partial<(typeof headers)[number]>) =>
    change({ headers: headers.map((row) => (row.id === id ? { ...row, ...part } : row)) });
  return (
    <Fold
      title="Custom headers"
      hint={headers.length === 0 ? 'Sent with every request' : `${headers.length} set`}
      open={wrong !== null}
    >
      {headers.map((row) => (
        <div key={row.id} className="flex items-end gap-2">
          <div className="min-w-0 flex-1">
            <TextField
              label="Header"
              value={row.name}
              readOnly={row.stored}
              placeholder="X-Tenant"
              onChange={(event) => update(row.id, { name: event.target.value })}
            />
          </div>
          <div className="min-w-0 flex-1">
            <SecretField
              label="Value"
              stored={row.stored}
              value={row.value}
              onChange={(event) => update(row.id, { value: event.target.value })}
            />
          </div>
          <Button
            kind="ghost"
            className="btn-icon"
            aria-label={`Remove header ${row.name}`}
            onClick={() => change({ headers: headers.filter(({ id }) => id !== row.id) })}
          >
            <Trash2 />
          </Button>
        </div>
      ))}
      {wrong && <p className="text-xs text-bad">{wrong}</p>}
      <Button
        small
        onClick={() =>
          change({
            headers: [
              ...headers,
              { id: Math.max(0, ...headers.map(({ id }) => id)) + 1, name: '', value: '', stored: false },
            ],
          })
        }
      >
        <Plus />
        Add header
      </Button>
    </Fold>
  );
}
