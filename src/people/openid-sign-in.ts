// Who may come in by single sign-on: whoever came before, whoever was invited by their address, and, where the
// settings say so, whoever the identity provider vouches for.

import { ChatelaineError } from '../errors.ts';
import { audit } from '../hub/audit.ts';
import type { Answered, Auth, User } from './auth.ts';
import type { PeopleContext, SignedIn } from './context.ts';
import { listInvitations } from './invitations.ts';
import { createPerson } from './new-person.ts';
import { dropOneTime } from './one-time.ts';
import type { OpenIdPerson, OpenIdSettings } from './openid-provider.ts';
import type { Role } from './role.ts';
import { actorOf, beginSession } from './sign-in.ts';
import type { Visitor } from './visitor.ts';

const PROVIDER = 'oidc';

/** @throws forbidden, with what to do */
export async function signInWithOpenId(
  context: PeopleContext,
  settings: OpenIdSettings,
  person: OpenIdPerson,
  visitor: Visitor,
): Promise<Answered<SignedIn>> {
  const auth = await context.auth();
  // A subject means something at its issuer only.
  const accountId = `${settings.issuer}#${person.subject}`;
  const user = (await userOfAccount(auth, accountId)) ?? (await admit(context, auth, settings, person, accountId));
  return beginSession(context, auth, user, visitor, 'oidc');
}

async function userOfAccount(auth: Auth, accountId: string): Promise<User | null> {
  const account = await auth.adapter.findOne<{ userId: string }>({
    model: 'account',
    where: [
      { field: 'providerId', value: PROVIDER },
      { field: 'accountId', value: accountId },
    ],
  });
  return account === null ? null : ((await auth.internal.findUserById(account.userId)) as User | null);
}

/** The first time: somebody known by their address, or somebody new. */
async function admit(
  context: PeopleContext,
  auth: Auth,
  settings: OpenIdSettings,
  person: OpenIdPerson,
  accountId: string,
): Promise<User> {
  const { email, emailVerified } = person;
  if (email === null) throw refused('The identity provider told no e-mail address.');
  if (emailVerified === false) throw refused('The identity provider has not verified your e-mail address.');
  const known = (await auth.internal.findUserByEmail(email))?.user as User | undefined;
  if (known !== undefined) {
    // Else whoever may choose an address at the provider could choose an owner's.
    if (emailVerified !== true) throw refused('The identity provider does not say that your address is verified.');
    await auth.internal.linkAccount({ userId: known.id, providerId: PROVIDER, accountId });
    await audit(context.hub, actorOf(known.id), 'person.linked', { detail: { personId: known.id } });
    return known;
  }
  const { role, how } = await roleOf(context, auth, settings, email, emailVerified);
  const user = await createPerson(auth, { name: person.name ?? email, email, role }, 'oauth');
  await auth.internal.linkAccount({ userId: user.id, providerId: PROVIDER, accountId });
  await audit(context.hub, actorOf(user.id), 'person.created', { detail: { personId: user.id, role, how } });
  return user;
}

async function roleOf(
  context: PeopleContext,
  auth: Auth,
  { defaultRole, allowedDomains }: OpenIdSettings,
  email: string,
  emailVerified: boolean | null,
): Promise<{ role: Role; how: string }> {
  if (emailVerified === true) {
    const invitation = (await listInvitations(context)).find((each) => each.email === email);
    if (invitation !== undefined && (await dropOneTime(auth, 'invitation', invitation.id)))
      return { role: invitation.role, how: 'oidc invitation' };
  }
  if (defaultRole === null) throw refused('Nobody has invited you to this hub.');
  if (allowedDomains.length > 0) {
    const domain = email.slice(email.lastIndexOf('@') + 1);
    if (emailVerified !== true || !allowedDomains.includes(domain))
      throw refused('Your e-mail address is not of a domain that may come in.');
  }
  return { role: defaultRole, how: 'oidc' };
}

const refused = (why: string): ChatelaineError =>
  new ChatelaineError('forbidden', `${why} Ask an owner of this hub for an invitation.`);
