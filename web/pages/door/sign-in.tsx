// Signing in, with a password or through the organisation's own sign-in.

import { getRouteApi, Navigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { MOUNT } from '../../api/mount.ts';
import { TextField } from '../../ui/form.tsx';
import { Button, ErrorNote, Note } from '../../ui/parts.tsx';
import { Door } from './door.tsx';
import { useDoor, useSetup } from './use-door.ts';

const route = getRouteApi('/sign-in');

const FAILED: Record<string, string> = {
  authorization_denied: 'The sign-in was declined. Try again, or choose another account.',
  forbidden: 'This account is not admitted here. Ask an owner for an invitation.',
  upstream_unreachable: 'The sign-in provider could not be reached. Try again in a moment, or use a password.',
  flow_expired: 'The sign-in took too long. Start again.',
};

export function SignInPage() {
  const { returnTo, error } = route.useSearch();
  const { data: setup, error: unreachable, refetch } = useSetup();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { submit, busy, problem } = useDoor(
    () => unwrap(api.POST('/api/sign-in', { body: { email: email.trim(), password } })),
    returnTo,
  );
  if (setup?.needed) return <Navigate to="/setup" replace />;
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit(undefined);
  };
  const others = setup?.signIn.oidc ?? [];
  return (
    <Door title="Sign in to Chatelaine">
      <div className="space-y-5">
        {error !== undefined && problem === null && (
          <Note kind="bad" live title={FAILED[error] ?? 'The sign-in did not work. Try again.'} />
        )}
        {unreachable !== null && <ErrorNote error={unreachable} retry={() => void refetch()} />}

        <form onSubmit={onSubmit} className="space-y-5">
          <TextField
            label="E-mail"
            type="email"
            name="email"
            autoComplete="username"
            required
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
          <TextField
            label="Password"
            type="password"
            name="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          {problem !== null && <Note kind="bad" live title={problem.message} />}
          <Button type="submit" kind="primary" busy={busy} className="w-full">
            Sign in
          </Button>
        </form>
        {others.length > 0 && (
          <div className="space-y-2 border-t border-line pt-5">
            {others.map(({ id, name }) => (
              <a
                key={id}
                className="btn btn-default w-full"
                href={`${MOUNT}/sign-in/oidc/${encodeURIComponent(id)}${returnTo ? `?returnTo=${encodeURIComponent(MOUNT + returnTo)}` : ''}`}
              >
                Sign in with {name}
              </a>
            ))}
          </div>
        )}
      </div>
    </Door>
  );
}
