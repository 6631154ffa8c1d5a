// Who may come in, and as what.

import { useQuery } from '@tanstack/react-query';
import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import type { Person } from '../../api/queries.ts';
import { type Role, sessionQuery } from '../../api/session.ts';
import { plural, useChange } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { Button, Section, Tag } from '../../ui/parts.tsx';
import { Ago } from '../../ui/time.tsx';
import { Invite, PasswordLink } from './invite.tsx';

const ROLE_LABEL: Record<Role, string> = { owner: 'Owner', operator: 'Operator', viewer: 'Viewer' };

export function PeopleTab() {
  const people = useQuery({
    queryKey: ['people'],
    queryFn: async ({ signal }) => (await unwrap(api.GET('/api/people', { signal }))).items,
  });
  const [inviting, setInviting] = useState(false);
  return (
    <div className="space-y-10">
      <Section
        title="People"
        hint="Owners may do everything, operators manage connectors and agents, viewers look."
        action={
          <Button small kind="primary" onClick={() => setInviting(true)}>
            <UserPlus />
            Invite
          </Button>
        }
      >
        <div className="card overflow-hidden">
          {people.data === undefined ? (
            <Awaited inCard query={people} rows={2} />
          ) : (
            <ul className="divide-y divide-line" aria-label="People">
              {people.data.map((person) => (
                <PersonRow key={person.id} person={person} />
              ))}
            </ul>
          )}
        </div>
      </Section>
      <Invitations />
      {inviting && <Invite close={() => setInviting(false)} />}
    </div>
  );
}

function PersonRow({ person }: { person: Person }) {
  const me = useQuery(sessionQuery).data;
  const [dialog, setDialog] = useState<'remove' | 'password' | null>(null);
  const change = useChange(
    (body: { role?: Role; enabled?: boolean }) =>
      unwrap(api.PATCH('/api/people/{id}', { params: { path: { id: person.id } }, body })),
    { touches: ['people', 'me'], done: () => 'Saved' },
  );
  const remove = useChange(() => unwrap(api.DELETE('/api/people/{id}', { params: { path: { id: person.id } } })), {
    touches: ['people'],
    done: () => `${person.name} was removed`,
  });
  const self = me?.id === person.id;
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2.5 px-4 py-3">
      <div className="min-w-0 flex-[1_1_13rem]">
        <p className="flex flex-wrap items-center gap-2 text-sm font-medium">
          {person.name}
          {self && <Tag tone="accent">you</Tag>}
          {!person.enabled && <Tag tone="warn">disabled</Tag>}
        </p>
        <p className="text-xs text-ink-3 [overflow-wrap:anywhere]">
          {person.email} · seen <Ago at={person.lastSeenAt} />
        </p>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <select
          className="field w-auto"
          aria-label={`Role of ${person.name}`}
          value={person.role}
          disabled={change.isPending}
          onChange={(event) => change.mutate({ role: event.target.value as Role })}
        >
          {(Object.entries(ROLE_LABEL) as [Role, string][]).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        {!self && (
          <>
            <Button small onClick={() => setDialog('password')} aria-label={`Password link for ${person.name}`}>
              Password link
            </Button>
            <Button
              small
              onClick={() => change.mutate({ enabled: !person.enabled })}
              aria-label={`${person.enabled ? 'Disable' : 'Enable'} ${person.name}`}
            >
              {person.enabled ? 'Disable' : 'Enable'}
            </Button>
            <Button small kind="danger-quiet" onClick={() => setDialog('remove')} aria-label={`Remove ${person.name}`}>
              Remove
            </Button>
          </>
        )}
      </div>
      {dialog === 'password' && <PasswordLink person={person} close={() => setDialog(null)} />}
      <Confirm
        open={dialog === 'remove'}
        onClose={() => setDialog(null)}
        title={`Remove ${person.name}?`}
        action="Remove person"
        run={() => remove.mutateAsync(undefined)}
      >
        <p>
          {plural(person.sessions, 'session')} of theirs {person.sessions === 1 ? 'ends' : 'end'} at once. What they
          connected stays connected; the audit log keeps their name.
        </p>
      </Confirm>
    </li>
  );
}

function Invitations() {
  const { data } = useQuery({
    queryKey: ['people', 'invitations'],
    queryFn: async ({ signal }) => (await unwrap(api.GET('/api/people/invitations', { signal }))).items,
  });
  const withdraw = useChange(
    (id: string) => unwrap(api.DELETE('/api/people/invitations/{id}', { params: { path: { id } } })),
    {
      touches: ['people'],
      done: () => 'The invitation is withdrawn',
    },
  );
  if (data === undefined || data.length === 0) return null;
  return (
    <Section title="Open invitations">
      <ul className="card divide-y divide-line overflow-hidden" aria-label="Open invitations">
        {data.map((invitation) => (
          <li key={invitation.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
            <div className="min-w-0 flex-1">
              <p className="text-sm font-medium [overflow-wrap:anywhere]">
                {invitation.email ?? 'Whoever has the link'}
              </p>
              <p className="text-xs text-ink-3">
                {ROLE_LABEL[invitation.role]} · ends <Ago at={invitation.expiresAt} />
              </p>
            </div>
            <Button
              small
              busy={withdraw.isPending && withdraw.variables === invitation.id}
              onClick={() => withdraw.mutate(invitation.id)}
            >
              Withdraw
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}
