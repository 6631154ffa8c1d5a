// API tokens for automation: made, shown once, revoked.

import { useQuery } from '@tanstack/react-query';
import { KeyRound, Plus } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { tokensQuery } from '../../api/queries.ts';
import { useChange } from '../../ui/actions.ts';
import { CopyLine } from '../../ui/copy.tsx';
import { Confirm, Modal } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/form.tsx';
import { Button, Empty, ErrorNote, Note, RowSkeletons, Section, Tag } from '../../ui/parts.tsx';
import { Ago } from '../../ui/time.tsx';

type Role = (typeof ROLES)[number][0];
const ROLES = [
  ['reader', 'Reader: reads, no secrets'],
  ['owner', 'Owner: everything'],
] as const;

export function TokensTab() {
  const { data, error, refetch } = useQuery(tokensQuery);
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
        {error !== null && data === undefined ? (
          <div className="p-4">
            <ErrorNote error={error} retry={() => void refetch()} />
          </div>
        ) : data === undefined ? (
          <RowSkeletons count={2} />
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
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(undefined);
  };
  if (create.data !== undefined)
    return (
      <Modal
        open
        onClose={close}
        title="The token is made"
        footer={
          <Button kind="primary" onClick={close}>
            Done
          </Button>
        }
      >
        <div className="space-y-4">
          <Note kind="warn" title="Copy it now">
            It is shown this once; the hub keeps only its digest.
          </Note>
          <CopyLine text={create.data.token} what="token" />
        </div>
      </Modal>
    );
  return (
    <Modal open onClose={close} title="Create an API token">
      <form onSubmit={submit} className="space-y-5">
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
        {create.error !== null && <ErrorNote error={create.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" kind="primary" busy={create.isPending}>
            Create token
          </Button>
        </div>
      </form>
    </Modal>
  );
}
