// The first start: whoever can read the console becomes the first owner.

import { Navigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, unwrap } from '../../api/client.ts';
import { TextField } from '../../ui/form.tsx';
import { Button, Note } from '../../ui/parts.tsx';
import { Door } from './door.tsx';
import { useDoor, useSetup } from './use-door.ts';

export const PASSWORD_HINT = 'At least 12 characters.';
export const PASSWORD_MIN = 12;
export const PASSWORD_MAX = 128;

export function SetUpPage() {
  const { data: setup } = useSetup();
  const [values, setValues] = useState({ code: '', name: '', email: '', password: '' });
  const { submit, busy, problem } = useDoor(() =>
    unwrap(api.POST('/api/setup', { body: { ...values, code: values.code.trim(), email: values.email.trim() } })),
  );
  if (setup?.needed === false && !busy) return <Navigate to="/sign-in" replace />;
  const field = (name: keyof typeof values) => ({
    value: values[name],
    name,
    error: problem?.field === name ? problem.message : null,
    onChange: (event: { target: { value: string } }) => setValues({ ...values, [name]: event.target.value }),
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit(undefined);
  };
  return (
    <Door title="Set up Chatelaine" hint="You become the first owner. Afterwards people come by invitation.">
      <form onSubmit={onSubmit} className="space-y-5">
        <TextField
          label="One-time code"
          required
          className="font-mono"
          hint="Printed on the console where Chatelaine was started."
          {...field('code')}
        />
        <TextField label="Name" required autoComplete="name" {...field('name')} />
        <TextField label="E-mail" type="email" required autoComplete="username" {...field('email')} />
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
          Set up
        </Button>
      </form>
    </Door>
  );
}
