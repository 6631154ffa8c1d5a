// Links by which people come in, or get a new password: each works once, within its time.

import { ChatelaineError } from '../errors.ts';
import { makerOf } from '../hub/api-tokens.ts';
import { type Actor, audit } from '../hub/audit.ts';
import { browserRoutes } from '../hub/browser-routes.ts';
import { withLease } from '../hub/lease.ts';
import {
  INVITATION_LIFETIME_MS,
  PASSWORD_LINK_LIFETIME_MS,
  PEOPLE_CHANGE_LEASE_MS,
  SIGN_IN_LINK_LIFETIME_MS,
} from '../limits.ts';
import type { Secret } from '../secret.ts';
import { randomToken } from '../vault/hash.ts';
import { countAttempt, limitOfAddress } from './attempts.ts';
import type { Answered, Auth, User } from './auth.ts';
import type { PeopleContext, SignedIn } from './context.ts';
import { checkEmailFree, createPerson, setPassword } from './new-person.ts';
import {
  dropOneTime,
  dropOneTimesFor,
  keepOneTime,
  listOneTimes,
  lookAtOneTime,
  type OneTime,
  takeOneTime,
} from './one-time.ts';
import type { Role } from './role.ts';
import { PEOPLE_LEASE } from './setup.ts';
import { actorOf, beginSession } from './sign-in.ts';
import { checkStanding } from './standing.ts';
import type { Visitor } from './visitor.ts';

type Invited = { readonly email: string | null; readonly role: Role; readonly createdBy: string };
type PasswordFor = { readonly userId: string };

export type Invitation = OneTime<Invited>;
/** `url` is told this once. */
export type NewLink = { readonly id: string; readonly url: string; readonly expiresAt: Date };

export type LinkPurpose = {
  readonly kind: 'invitation' | 'password_reset';
  readonly email: string | null;
  readonly name: string | null;
  readonly role: Role;
  readonly expiresAt: Date;
};

export async function invite(
  context: PeopleContext,
  input: { readonly email?: string | undefined; readonly role: Role },
  actor: Actor,
): Promise<NewLink> {
  const auth = await context.auth();
  const email = input.email?.trim().toLowerCase() ?? null;
  if (email !== null && !/^[^@\s]+@[^@\s]+$/.test(email)) {
    throw new ChatelaineError('invalid_request', 'email: is not an e-mail address.', { details: { field: 'email' } });
  }
  if (email !== null) await checkEmailFree(auth, email);
  const link = await newLink(context, auth, 'invitation', { email, role: input.role }, INVITATION_LIFETIME_MS, actor);
  await audit(context.hub, actor, 'invitation.created', { detail: { invitationId: link.id, role: input.role, email } });
  return link;
}

export async function listInvitations(context: PeopleContext): Promise<readonly Invitation[]> {
  return listOneTimes<Invited>(await context.auth(), 'invitation', context.hub.now());
}

/** @throws not_found */
export async function withdrawInvitation(context: PeopleContext, id: string, actor: Actor): Promise<void> {
  if (!(await dropOneTime(await context.auth(), 'invitation', id)))
    throw new ChatelaineError('not_found', 'There is no such invitation; it may have been used.');
  await audit(context.hub, actor, 'invitation.withdrawn', { detail: { invitationId: id } });
}

/** A link by which this person chooses a new password. @throws not_found */
export async function passwordLink(context: PeopleContext, user: User, actor: Actor): Promise<NewLink> {
  const auth = await context.auth();
  const link = await newLink(context, auth, 'password', { userId: user.id }, PASSWORD_LINK_LIFETIME_MS, actor);
  await audit(context.hub, actor, 'password_link.created', { detail: { personId: user.id } });
  return link;
}

/** A link that signs this person in, for whoever made them here and now. */
export async function signInLink(context: PeopleContext, user: User, actor: Actor): Promise<NewLink> {
  const auth = await context.auth();
  const link = await newLink(context, auth, 'sign_in', { userId: user.id }, SIGN_IN_LINK_LIFETIME_MS, actor);
  await audit(context.hub, actor, 'sign_in_link.created', { detail: { personId: user.id } });
  return link;
}

/** @throws not_found for a link that is unknown, used or expired */
export async function followSignInLink(
  context: PeopleContext,
  token: Secret,
  visitor: Visitor,
): Promise<Answered<SignedIn>> {
  const auth = await context.auth();
  const taken = await takeOneTime<PasswordFor>(auth, 'sign_in', token);
  const user = taken === null ? null : ((await auth.internal.findUserById(taken.userId)) as User | null);
  if (user === null) throw unknownLink();
  await dropOneTimesFor(auth, user.id);
  return beginSession(context, auth, user, visitor, 'link');
}

/** @throws not_found, rate_limited */
export async function lookAtLink(context: PeopleContext, token: Secret, visitor: Visitor): Promise<LinkPurpose> {
  const auth = await context.auth();
  const now = context.hub.now();
  const invited = await lookAtOneTime<Invited>(auth, 'invitation', token, now);
  if (invited !== null) {
    const { email, role, expiresAt } = invited;
    return { kind: 'invitation', email, name: null, role, expiresAt };
  }
  const reset = await lookAtOneTime<PasswordFor>(auth, 'password', token, now);
  const user = reset === null ? null : ((await auth.internal.findUserById(reset.userId)) as User | null);
  if (reset === null || user === null) {
    await countAttempt(context.hub, limitOfAddress(visitor));
    throw unknownLink();
  }
  const { email, name, role } = user;
  return { kind: 'password_reset', email, name, role, expiresAt: reset.expiresAt };
}

/** Comes in by a link, of whichever kind, and is signed in. @throws not_found, conflict, invalid_request */
export async function acceptLink(
  context: PeopleContext,
  token: Secret,
  input: { readonly name?: string | undefined; readonly email?: string | undefined; readonly password: Secret },
  visitor: Visitor,
): Promise<Answered<SignedIn>> {
  const purpose = await lookAtLink(context, token, visitor);
  const auth = await context.auth();
  if (purpose.kind === 'password_reset') return acceptPassword(context, auth, token, input.password, visitor);
  const email = input.email?.toLowerCase() ?? purpose.email;
  if (email === null) throw required('email');
  if (purpose.email !== null && email !== purpose.email)
    throw new ChatelaineError('invalid_request', 'email: this invitation is for another address.', {
      details: { field: 'email' },
    });
  if (input.name === undefined) throw required('name');
  const { name } = input;
  // One at a time, so that whoever is late with an address keeps the invitation.
  const { user, taken } = await withLease(context.hub, PEOPLE_LEASE, PEOPLE_CHANGE_LEASE_MS, async () => {
    await checkEmailFree(auth, email);
    if (purpose.email === null) await checkNobodyInvited(context, email);
    const used = await takeOneTime<Invited>(auth, 'invitation', token);
    if (used === null) throw unknownLink();
    // Without a named address, it is one that somebody merely typed.
    const person = { name, email, emailVerified: used.email !== null, role: used.role };
    const made = await createPerson(auth, person, 'email-password');
    await setPassword(auth, made.id, input.password);
    return { user: made, taken: used };
  });
  await audit(context.hub, actorOf(user.id), 'person.created', {
    detail: { personId: user.id, role: taken.role, how: 'invitation', invitationId: taken.id, by: taken.createdBy },
  });
  return beginSession(context, auth, user, visitor, 'invitation');
}

/** An address that an owner named in another invitation is for whoever has that one. */
async function checkNobodyInvited(context: PeopleContext, email: string): Promise<void> {
  if (!(await listInvitations(context)).some((each) => each.email === email)) return;
  throw new ChatelaineError('conflict', 'This address has an invitation of its own; use that one.', {
    details: { field: 'email' },
  });
}

async function acceptPassword(
  context: PeopleContext,
  auth: Auth,
  token: Secret,
  password: Secret,
  visitor: Visitor,
): Promise<Answered<SignedIn>> {
  const taken = await takeOneTime<PasswordFor>(auth, 'password', token);
  const user = taken === null ? null : ((await auth.internal.findUserById(taken.userId)) as User | null);
  if (user === null) throw unknownLink();
  await setPassword(auth, user.id, password);
  await auth.internal.deleteUserSessions(user.id);
  await dropOneTimesFor(auth, user.id);
  context.changed();
  await audit(context.hub, actorOf(user.id), 'person.password_changed', { detail: { personId: user.id, how: 'link' } });
  return beginSession(context, auth, user, visitor, 'password link');
}

async function newLink(
  context: PeopleContext,
  auth: Auth,
  kind: 'invitation' | 'password' | 'sign_in',
  meaning: object,
  lifetimeMs: number,
  actor: Actor,
): Promise<NewLink> {
  const token = randomToken('', 32);
  const expiresAt = new Date(context.hub.now() + lifetimeMs);
  const made = { createdBy: actor.name, maker: await makerOf(context.hub, actor) };
  const { id } = await keepOneTime(auth, kind, token, { ...meaning, ...made }, expiresAt);
  await checkStanding(context, actor, () => dropOneTime(auth, kind, id));
  const path = kind === 'sign_in' ? browserRoutes.signInLink(token.reveal()) : `/invitation/${token.reveal()}`;
  return { id, url: `${context.hub.baseUrl}${path}`, expiresAt };
}

const unknownLink = (): ChatelaineError =>
  new ChatelaineError('not_found', 'This link is unknown, was used or has expired; ask an owner for a new one.');

const required = (field: string): ChatelaineError =>
  new ChatelaineError('invalid_request', `${field}: is required.`, { details: { field } });
