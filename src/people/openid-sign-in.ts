// Who may come in by single sign-on: whoever came before, whoever was invited by their address, and, where the
// settings say so, whoever the identity provider vouches for.

import { ChatelaineError } from '../errors.ts';
import { audit, SYSTEM } from '../hub/audit.ts';
import { withLease } from '../hub/lease.ts';
import { PEOPLE_CHANGE_LEASE_MS } from '../limits.ts';
import type { Answered, Auth, User } from './auth.ts';
import type { PeopleContext, SignedIn } from './context.ts';
import { listInvitations } from './invitations.ts';
import { createPerson } from './new-person.ts';
import { dropOneTime } from './one-time.ts';
import type { OpenIdPerson, OpenIdSettings } from './openid-provider.ts';
import { withdraw } from './persons.ts';
import { covers, type Role } from './role.ts';
import { PEOPLE_LEASE } from './setup.ts';
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
  const user =
    (await userOfAccount(auth, accountId)) ??
    (await withLease(
      context.hub,
      PEOPLE_LEASE,
      PEOPLE_CHANGE_LEASE_MS,
      async () => (await userOfAccount(auth, accountId)) ?? (await admit(context, auth, settings, person, accountId)),
    ));
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
    if (!known.emailVerified) await takeOver(context, auth, settings, known);
    await auth.internal.linkAccount({ userId: known.id, providerId: PROVIDER, accountId });
    await audit(context.hub, actorOf(known.id), 'person.linked', { detail: { personId: known.id } });
    return known;
  }
  const { role, how } = await roleOf(context, auth, settings, email, emailVerified);
  const newcomer = { name: person.name ?? email, email, emailVerified: emailVerified === true, role };
  const user = await createPerson(auth, newcomer, 'oauth');
  await auth.internal.linkAccount({ userId: user.id, providerId: PROVIDER, accountId });
  await audit(context.hub, actorOf(user.id), 'person.created', { detail: { personId: user.id, role, how } });
  return user;
}

/**
 * An account whose address was never verified may be of anybody who typed that address. Whoever the identity
 * provider vouches for gets it as their own: every other way in ends, and what was handed out by it. But only
 * where a stranger with this address would be let in with at least its role: its role was given to somebody else, and
 * to hand that on, or to leave the other one's password beside it, would each give one of the two what is not theirs.
 */
async function takeOver(context: PeopleContext, auth: Auth, settings: OpenIdSettings, known: User): Promise<void> {
  if (!covers(roleOfStranger(settings, known.email, true), known.role))
    throw refused(
      'An account here has your address without proof, and may do more than a newcomer; it must be removed first.',
    );
  await auth.internal.deleteAccounts(known.id);
  await auth.internal.deleteUserSessions(known.id);
  context.changed();
  await withdraw(context, auth, known.id, null, SYSTEM);
  await auth.internal.updateUser(known.id, { emailVerified: true, updatedAt: new Date() });
  await audit(context.hub, SYSTEM, 'person.password_removed', { detail: { personId: known.id, how: 'oidc' } });
}

async function roleOf(
  context: PeopleContext,
  auth: Auth,
  settings: OpenIdSettings,
  email: string,
  emailVerified: boolean | null,
): Promise<{ role: Role; how: string }> {
  if (emailVerified === true) {
    const invitation = (await listInvitations(context)).find((each) => each.email === email);
    if (invitation !== undefined && (await dropOneTime(auth, 'invitation', invitation.id)))
      return { role: invitation.role, how: 'oidc invitation' };
  }
  return { role: roleOfStranger(settings, email, emailVerified), how: 'oidc' };
}

/** @throws forbidden */
function roleOfStranger(
  { defaultRole, allowedDomains }: OpenIdSettings,
  email: string,
  emailVerified: boolean | null,
): Role {
  if (defaultRole === null) throw refused('Nobody has invited you to this hub.');
  if (allowedDomains.length > 0) {
    const domain = email.slice(email.lastIndexOf('@') + 1);
    if (emailVerified !== true || !allowedDomains.includes(domain))
      throw refused('Your e-mail address is not of a domain that may come in.');
  }
  return defaultRole;
}

const refused = (why: string): ChatelaineError =>
  new ChatelaineError('forbidden', `${why} Ask an owner of this hub for an invitation.`);
