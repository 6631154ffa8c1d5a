// Links that let a person in: an invitation, or a new password. Each is shown once.

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import type { Person } from '../../api/queries.ts';
import type { Role } from '../../api/session.ts';
import { useChange } from '../../ui/actions.ts';
import { CopyLine } from '../../ui/copy.tsx';
import { Modal } from '../../ui/dialog.tsx';
import { SelectField, TextField } from '../../ui/form.tsx';
import { FormDialog, MadeDialog } from '../../ui/form-dialog.tsx';
import { ErrorNote, Note, RowSkeletons } from '../../ui/parts.tsx';
import { Ago } from '../../ui/time.tsx';

function Link({ url, expiresAt, what }: { url: string; expiresAt: string; what: string }) {
  return (
    <div className="space-y-3">
      <CopyLine text={url} what={what} />
      <Note>
        Send it yourself, by a way that you trust. It works once and ends <Ago at={expiresAt} />; it is shown only now.
      </Note>
    </div>
  );
}

export function Invite({ close }: { close: () => void }) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('operator');
  const invite = useChange(
    () =>
      unwrap(
        api.POST('/api/people/invitations', {
          body: { role, ...(email.trim() === '' ? {} : { email: email.trim() }) },
        }),
      ),
    { touches: ['people'] },
  );
  if (invite.data !== undefined)
    return (
      <MadeDialog close={close} title="The invitation is made">
        <Link url={invite.data.url} expiresAt={invite.data.expiresAt} what="invitation link" />
      </MadeDialog>
    );
  return (
    <FormDialog
      close={close}
      title="Invite a person"
      label="Create link"
      busy={invite.isPending}
      error={invite.error}
      submit={() => invite.mutate(undefined)}
    >
      <TextField
        label="E-mail"
        optional
        type="email"
        hint="With one, only this address may join."
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <SelectField
        label="Role"
        value={role}
        options={[
          ['viewer', 'Viewer: sees, changes nothing'],
          ['operator', 'Operator: connectors, agents, credentials'],
          ['owner', 'Owner: everything'],
        ]}
        onChange={(event) => setRole(event.target.value as Role)}
      />
    </FormDialog>
  );
}

export function PasswordLink({ person, close }: { person: Person; close: () => void }) {
  const { data, error } = useQuery({
    queryKey: ['password-link', person.id],
    queryFn: () => unwrap(api.POST('/api/people/{id}/password-link', { params: { path: { id: person.id } } })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  return (
    <Modal
      open
      onClose={close}
      title={`A new password for ${person.name}`}
      description="Whoever opens the link chooses it."
    >
      {error !== null ? (
        <ErrorNote error={error} />
      ) : data === undefined ? (
        <RowSkeletons count={1} />
      ) : (
        <Link url={data.url} expiresAt={data.expiresAt} what="password link" />
      )}
    </Modal>
  );
}
