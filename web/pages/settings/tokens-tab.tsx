// API tokens for automation: made, shown once, revoked.

import { useQuery } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { tokensQuery } from '../../api/queries.ts';
import { useChange } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/form.tsx';
import { FormDialog, MadeDialog, ShownOnce } from '../../ui/form-dialog.tsx';
import { Button, Empty, Section, Tag } from '../../ui/parts.tsx';
import { Ago } from '../../ui/time.tsx';

type Role = (typeof ROLES)[number][0];
const ROLES = [
  ['reader', 'Reader: reads, no secrets'],
  ['operator', 'Operator: connectors, agents, credentials'],
  ['owner', 'Owner: everything'],
] as const;

export function TokensTab() {
  const query = useQuery(tokensQuery);
  const { data } = query;
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<{ id: string; label: string } | null>(null);
  const revoke = useChange((id: string) => unwrap(api.DELETE('/api/tokens/{id}', { params: { path: { id } } })), {
    touches: ['tokens'],
    done: () => 'The token is revoked',
  });
  const button = (
    <Button small kind="primary" onClick={() => setMaking(true)}>
      <Plus />
      Create token
    </Button>
  );
  return (
    <Section
      title="API tokens"
      hint="For scripts and automation. A token is shown once."
      action={data !== undefined && data.length > 0 && button}
    >
      <div className="card overflow-hidden">
        {data === undefined ? (
          <Awaited inCard query={query} rows={2} />
        ) : data.length === 0 ? (
          <Empty icon={<KeyRound />} title="No API token yet" action={button}>
            With a token a script may use the same API as this page.
          </Empty>
        ) : (
          <ul className="divide-y divide-line" aria-label="API tokens">
            {data.map((token) => (
              <li key={token.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
                <div className="min-w-0 flex-[1_1_14rem]">
                  <p className="flex items-center gap-2 text-sm font-medium">
                    {token.label || 'Unnamed token'}
                    <Tag>{token.role}</Tag>
                  </p>
                  <p className="text-xs text-ink-3">
                    <span className="font-mono">{token.prefix}…</span> · made <Ago at={token.createdAt} /> · used{' '}
                    <Ago at={token.lastUsedAt} />
                  </p>
                </div>
                <Button
                  small
                  kind="danger-quiet"
                  aria-label={`Revoke ${token.label || 'unnamed token'}`}
                  onClick={() => setRevoking(token)}
                >
                  Revoke
                </Button>
              </li>
            ))}
          </ul>
        )}
      </div>
      {making && <NewToken close={() => setMaking(false)} />}
      <Confirm
        open={revoking !== null}
        onClose={() => setRevoking(null)}
        title={`Revoke ${revoking?.label || 'this token'}?`}
        action="Revoke token"
        run={() => revoke.mutateAsync(revoking?.id ?? '')}
      >
        <p>Every script that holds it is refused from now on.</p>
      </Confirm>
    </Section>
  );
}

function NewToken({ close }: { close: () => void }) {
  const [label, setLabel] = useState('');
  const [role, setRole] = useState<Role>('reader');
  const create = useChange(
    () => unwrap(api.POST('/api/tokens', { body: { role, ...(label.trim() === '' ? {} : { label: label.trim() }) } })),
    { touches: ['tokens'] },
  );
  if (create.data !== undefined)
    return (
      <MadeDialog close={close} title="The token is made">
        <ShownOnce text={create.data.token} what="token" />
      </MadeDialog>
    );
  return (
    <FormDialog
      close={close}
      title="Create an API token"
      label="Create token"
      busy={create.isPending}
      error={create.error}
      submit={() => create.mutate(undefined)}
    >
      <TextField
        label="Label"
        optional
        maxLength={100}
        placeholder="Where it will live"
        value={label}
        onChange={(event) => setLabel(event.target.value)}
      />
      <SelectField
        label="Role"
        value={role}
        options={ROLES}
        onChange={(event) => setRole(event.target.value as Role)}
      />
    </FormDialog>
  );
}
