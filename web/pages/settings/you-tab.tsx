// Oneself: name, password, and the browsers in which one is signed in.

import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, problemOf, unwrap } from '../../api/client.ts';
import { leave, sessionQuery } from '../../api/session.ts';
import { useChange } from '../../ui/actions.ts';
import { Awaited } from '../../ui/awaited.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/form.tsx';
import { Button, Note, Section, Tag } from '../../ui/parts.tsx';
import { Ago } from '../../ui/time.tsx';
import { NEW_PASSWORD } from '../door/door-form.tsx';

export function YouTab() {
  const me = useQuery(sessionQuery).data;
  if (!me) return null;
  if (me.kind !== 'person')
    return <Note title="Signed in by an API token">A token has no name, password or sessions of its own.</Note>;
  return (
    <div className="space-y-10">
      <Name name={me.name} email={me.email} role={me.role} />
      <Password hasPassword={me.hasPassword} />
      <Sessions />
    </div>
  );
}

function Name({ name, email, role }: { name: string; email: string | null; role: string }) {
  const [text, setText] = useState(name);
  const save = useChange((wanted: string) => unwrap(api.PATCH('/api/me', { body: { name: wanted } })), {
    touches: ['me', 'people'],
    done: () => 'Saved',
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(text.trim());
  };
  return (
    <Section title="Profile" hint={`${email ?? ''}, ${role}`}>
      <form onSubmit={submit} className="card flex flex-wrap items-end gap-3 p-5">
        <div className="min-w-0 flex-[1_1_14rem]">
          <TextField
            label="Name"
            required
            autoComplete="name"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <Button type="submit" busy={save.isPending} disabled={text.trim() === '' || text === name}>
          Save
        </Button>
      </form>
    </Section>
  );
}

function Password({ hasPassword }: { hasPassword: boolean }) {
  const [values, setValues] = useState({ currentPassword: '', password: '' });
  const save = useChange(
    (input: typeof values) =>
      unwrap(
        api.PATCH('/api/me', {
          body: { password: input.password, ...(hasPassword ? { currentPassword: input.currentPassword } : {}) },
        }),
      ),
    { touches: ['me', 'sessions'], done: () => 'The new password holds; all other sessions have ended' },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutateAsync(values).then(
      () => setValues({ currentPassword: '', password: '' }),
      () => undefined,
    );
  };
  return (
    <Section title="Password" hint="A new one ends all your other sessions.">
      <form onSubmit={submit} className="card grid gap-4 p-5 sm:grid-cols-2">
        {hasPassword && (
          <TextField
            label="Present password"
            type="password"
            autoComplete="current-password"
            required
            value={values.currentPassword}
            error={save.error === null ? null : problemOf(save.error).message}
            onChange={(event) => setValues({ ...values, currentPassword: event.target.value })}
          />
        )}
        <TextField
          label="New password"
          {...NEW_PASSWORD}
          value={values.password}
          onChange={(event) => setValues({ ...values, password: event.target.value })}
        />
        <div className="flex justify-end sm:col-span-2">
          <Button type="submit" busy={save.isPending}>
            Change password
          </Button>
        </div>
      </form>
    </Section>
  );
}

function Sessions() {
  const query = useQuery({
    queryKey: ['sessions'],
    queryFn: async ({ signal }) => (await unwrap(api.GET('/api/sessions', { signal }))).items,
  });
  const { data } = query;
  const [asking, setAsking] = useState(false);
  const end = useChange((id: string) => unwrap(api.DELETE('/api/sessions/{id}', { params: { path: { id } } })), {
    touches: ['sessions'],
    done: () => 'The session has ended',
  });
  return (
    <Section
      title="Sessions"
      hint="Where you are signed in."
      action={
        <Button small kind="danger-quiet" onClick={() => setAsking(true)}>
          Sign out everywhere
        </Button>
      }
    >
      <div className="card overflow-hidden">
        {data === undefined ? (
          <Awaited inCard query={query} rows={2} />
        ) : (
          <ul className="divide-y divide-line" aria-label="Sessions">
            {data.map((session) => (
              <li key={session.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
                <div className="min-w-0 flex-[1_1_14rem]">
                  <p className="flex items-center gap-2 text-sm font-medium">
                    {browserOf(session.userAgent)}
                    {session.current && <Tag tone="accent">this one</Tag>}
                  </p>
                  <p className="text-xs text-ink-3">
                    {session.address !== null && `${session.address} · `}signed in <Ago at={session.createdAt} /> · seen{' '}
                    <Ago at={session.lastUsedAt} />
                  </p>
                </div>
                {!session.current && (
                  <Button
                    small
                    busy={end.isPending && end.variables === session.id}
                    onClick={() => end.mutate(session.id)}
                  >
                    End
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title="Sign out everywhere?"
        action="Sign out everywhere"
        run={async () => {
          await unwrap(api.DELETE('/api/sessions'));
          await leave();
        }}
      >
        <p>Every session of yours ends, this one too. Agents and API tokens are not touched.</p>
      </Confirm>
    </Section>
  );
}

/** "Firefox on Linux", near enough to know one's own browsers apart. */
function browserOf(userAgent: string | null): string {
  if (userAgent === null) return 'Unknown browser';
  const browser = /Edg\//.test(userAgent) ? 'Edge' : (/(Firefox|Chrome|Safari|curl)/.exec(userAgent)?.[1] ?? 'Browser');
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(userAgent)?.[1]?.replace('Mac OS X', 'macOS');
  return system === undefined ? browser : `${browser} on ${system}`;
}
