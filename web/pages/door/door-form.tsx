// The form of somebody who comes in for the first time: fields with what was wrong in each, and one button.

import { type FormEvent, type ReactNode, useState } from 'react';
import { TextField } from '../../ui/form.tsx';
import { Button, Note } from '../../ui/parts.tsx';
import { useDoor } from './use-door.ts';

const PASSWORD_HINT = 'At least 12 characters.';
const PASSWORD_MIN = 12;
const PASSWORD_MAX = 128;

/** What a new password must be, for its field. */
export const NEW_PASSWORD = {
  type: 'password',
  autoComplete: 'new-password',
  required: true,
  minLength: PASSWORD_MIN,
  maxLength: PASSWORD_MAX,
  hint: PASSWORD_HINT,
} as const;

export function useDoorForm<Values extends Record<string, string>>(
  empty: Values,
  enter: (values: Values) => Promise<unknown>,
) {
  const [values, setValues] = useState(empty);
  const { submit, busy, problem } = useDoor(() => enter(values));
  const inField = problem !== null && problem.field !== null && problem.field in values;
  return {
    busy,
    submit: () => submit(undefined),
    /** What belongs to no single field. */
    problem: inField ? null : problem,
    field: (name: keyof Values & string) => ({
      name,
      value: values[name],
      error: problem?.field === name ? problem.message : null,
      onChange: (event: { target: { value: string } }) => setValues({ ...values, [name]: event.target.value }),
    }),
  };
}

type Form = Pick<ReturnType<typeof useDoorForm>, 'busy' | 'submit' | 'problem'>;
type Field = ReturnType<ReturnType<typeof useDoorForm>['field']>;

export function DoorForm({
  form: { busy, submit, problem },
  label,
  children,
}: {
  form: Form;
  label: string;
  children: ReactNode;
}) {
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit();
  };
  return (
    <form onSubmit={onSubmit} className="space-y-5">
      {children}
      {problem !== null && <Note kind="bad" live title={problem.message} />}
      <Button type="submit" kind="primary" busy={busy} className="w-full">
        {label}
      </Button>
    </form>
  );
}

export const NameField = (field: Field) => <TextField label="Name" required autoComplete="name" {...field} />;

export const EmailField = (field: Field) => (
  <TextField label="E-mail" type="email" required autoComplete="username" {...field} />
);

export const NewPasswordField = (field: Field) => <TextField label="Password" {...NEW_PASSWORD} {...field} />;
