// An invitation, or a link to choose a new password.

import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { api, unwrap } from '../../api/client.ts';
import { ErrorNote, Skeleton } from '../../ui/parts.tsx';
import { Door } from './door.tsx';
import { DoorForm, EmailField, NameField, NewPasswordField, useDoorForm } from './door-form.tsx';

const route = getRouteApi('/invitation/$token');

export function InvitationPage() {
  const { token } = route.useParams();
  const { data, error, isPending } = useQuery({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => unwrap(api.GET('/api/invitations/{token}', { params: { path: { token } }, signal })),
    retry: false,
    refetchOnWindowFocus: false,
  });
  const reset = data?.kind === 'password_reset';
  const form = useDoorForm({ name: '', email: '', password: '' }, ({ name, email, password }) =>
    unwrap(
      api.POST('/api/invitations/{token}', {
        params: { path: { token } },
        body: {
          password,
          ...(reset ? {} : { name: name.trim(), ...(data?.email ? {} : { email: email.trim() }) }),
        },
      }),
    ),
  );
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
      <DoorForm form={form} label={reset ? 'Save and sign in' : 'Join'}>
        {!reset && <NameField {...form.field('name')} />}
        {!reset && data.email === null && <EmailField {...form.field('email')} />}
        <NewPasswordField {...form.field('password')} />
      </DoorForm>
    </Door>
  );
}
