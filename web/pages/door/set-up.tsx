// The first start: whoever can read the console becomes the first owner.

import { Navigate } from '@tanstack/react-router';
import { api, unwrap } from '../../api/client.ts';
import { TextField } from '../../ui/form.tsx';
import { Door } from './door.tsx';
import { DoorForm, EmailField, NameField, NewPasswordField, useDoorForm } from './door-form.tsx';
import { useSetup } from './use-door.ts';

export function SetUpPage() {
  const { data: setup } = useSetup();
  const form = useDoorForm({ code: '', name: '', email: '', password: '' }, (values) =>
    unwrap(api.POST('/api/setup', { body: { ...values, code: values.code.trim(), email: values.email.trim() } })),
  );
  if (setup?.needed === false && !form.busy) return <Navigate to="/sign-in" replace />;
  return (
    <Door title="Set up Chatelaine" hint="You become the first owner. Afterwards people come by invitation.">
      <DoorForm form={form} label="Set up">
        <TextField
          label="One-time code"
          required
          autoFocus
          className="font-mono"
          hint="Printed on the console where Chatelaine was started."
          {...form.field('code')}
        />
        <NameField {...form.field('name')} />
        <EmailField {...form.field('email')} />
        <NewPasswordField {...form.field('password')} />
      </DoorForm>
    </Door>
  );
}
