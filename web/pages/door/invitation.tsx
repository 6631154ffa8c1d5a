// An invitation, or a link to choose a new password.

import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { TextField } from '../../ui/form.tsx';
import { Button, ErrorNote, Note, Skeleton } from '../../ui/parts.tsx';
import { Door } from './door.tsx';
import { PASSWORD_HINT, PASSWORD_MAX, PASSWORD_MIN } from './set-up.tsx';
import { useDoor } from './use-door.ts';

const route = getRouteApi('/invitation/$token');

export function InvitationPage() {
  const { token } = route.useParams();
  const { data, error, isPending } = useQuery({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => unwrap(api.GET('/api/invitations/{token}', { params: { path: { token } }, signal })),
    retry: false,
    refetchOnWindowFocus: false,
  });
  const [values, setValues] = useState({ name: '', email: '', password: '' });
  const reset = data?.kind === 'password_reset';
  const { submit, busy, problem } = useDoor(() =>
    unwrap(
      api.POST('/api/invitations/{token}', {
        params: { path: { token } },
        body: {
          password: values.password,
          ...(reset ? {} : { name: values.name.trim(), ...(data?.email ? {} : { email: values.email.trim() }) }),
        },
      }),
    ),
  );
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit(undefined);
  };
  const field = (name: keyof typeof values) => ({
    value: values[name],
    name,
    error: problem?.field === name ? problem.message : null,
    onChange: (event: { target: { value: string } }) => setValues({ ...values, [name]: event.target.value }),
  });
  if (isPending)
    return (
      <Door title="One moment">
        <Skeleton className="h-40 w-full" />
      </Door>
    );
  if (error !== null || data === undefined)
    return (
      <Door title="This link does not work">
        <div className="space-y-3">
          <ErrorNote error={error} />
          <p className="text-sm text-ink-3">
            A link works once and for a limited time. Ask the owner who sent it for another.
          </p>
        </div>
      </Door>
    );
  return (
    <Door
      title={reset ? 'Choose a new password' : 'Join Chatelaine'}
      hint={reset ? data.email : `You are invited as ${data.role}${data.email ? `, ${data.email}` : ''}.`}
    >
      <form onSubmit={onSubmit} className="space-y-5">
        {!reset && <TextField label="Name" required autoComplete="name" {...field('name')} />}
        {!reset && data.email === null && (
          <TextField label="E-mail" type="email" required autoComplete="username" {...field('email')} />
        )}
        <TextField
          label="Password"
          type="password"
          required
          autoComplete="new-password"
          minLength={PASSWORD_MIN}
          maxLength={PASSWORD_MAX}
          hint={PASSWORD_HINT}
          {...field('password')}
        />
        {problem !== null && !(problem.field !== null && problem.field in values) && (
          <Note kind="bad" live title={problem.message} />
        )}
        <Button type="submit" kind="primary" busy={busy} className="w-full">
          {reset ? 'Save and sign in' : 'Join'}
        </Button>
      </form>
    </Door>
  );
}
