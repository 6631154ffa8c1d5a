// The people there are, and who changes what about them. An owner stays behind whatever is done.

import { ChatelaineError } from '../errors.ts';
import { revokeTokensOf } from '../hub/api-tokens.ts';
import { type Actor, audit } from '../hub/audit.ts';
import { withLease } from '../hub/lease.ts';
import { ATTEMPTS_PER_ACCOUNT, FRESH_SIGN_IN_MS, PEOPLE_CHANGE_LEASE_MS } from '../limits.ts';
import type { Secret } from '../secret.ts';
import type { ApiTokenRole } from '../store/records.ts';
import { countAttempt, forgetAttempts } from './attempts.ts';
import { type Auth, PASSWORD_PROVIDER, type Session, type User } from './auth.ts';
import type { PeopleContext, SignedIn } from './context.ts';
import { setPassword } from './new-person.ts';
import { dropOneTimesFor, dropOneTimesMadeBy } from './one-time.ts';
import { covers, type Role, roleOfToken } from './role.ts';
import { PEOPLE_LEASE } from './setup.ts';
import { actorOf } from './sign-in.ts';

export type Person = User & {
  readonly lastSeenAt: Date | null;
  readonly sessions: number;
  readonly signIn: readonly ('password' | 'oidc')[];
};

export type PersonChange = {
  readonly role?: Role | undefined;
  readonly enabled?: boolean | undefined;
  readonly name?: string | undefined;
};

/** People of one hub are few: more than this is a mistake. */
const MOST = 10_000;

/** Everybody, in the order of their coming. */
export async function listPeople(context: PeopleContext): Promise<readonly Person[]> {
  const { adapter } = await context.auth();
  const now = context.hub.now();
  const [users, sessions, accounts] = await Promise.all([
    adapter.findMany<User>({ model: 'user', sortBy: { field: 'createdAt', direction: 'asc' }, limit: MOST }),
    adapter.findMany<Session>({ model: 'session', limit: MOST }),
    adapter.findMany<{ userId: string; providerId: string }>({ model: 'account', limit: MOST }),
  ]);
  return users.map((user) => {
    const theirs = sessions.filter(({ userId, expiresAt }) => userId === user.id && expiresAt.getTime() > now);
    const seen = theirs.map(({ updatedAt }) => updatedAt.getTime());
    const ways = accounts.filter(({ userId }) => userId === user.id);
    return {
      ...user,
      sessions: theirs.length,
      lastSeenAt: seen.length === 0 ? null : new Date(Math.max(...seen)),
      signIn: [...new Set(ways.map(({ providerId }) => (providerId === PASSWORD_PROVIDER ? 'password' : 'oidc')))],
    };
  });
}

/** What everybody is called and, as names are their own to choose, their address, by id. */
export async function namesOfPeople(
  context: PeopleContext,
): Promise<ReadonlyMap<string, { readonly name: string; readonly email: string }>> {
  const { adapter } = await context.auth();
  const users = await adapter.findMany<User>({ model: 'user', limit: MOST });
  return new Map(users.map(({ id, name, email }) => [id, { name, email }]));
}

/** @throws not_found */
export async function getPerson(context: PeopleContext, id: string): Promise<Person> {
  const found = (await listPeople(context)).find((person) => person.id === id);
  if (found === undefined) throw unknownPerson();
  return found;
}

/** The person of an id or an e-mail address. @throws not_found */
export async function findPerson(context: PeopleContext, named: string): Promise<Person> {
  const people = await listPeople(context);
  const found = people.find(({ id, email }) => id === named || email === named.toLowerCase());
  if (found === undefined) throw unknownPerson();
  return found;
}

/** A smaller role or a disabled account ends its sessions at once. @throws not_found, conflict for the last owner */
export async function changePerson(
  context: PeopleContext,
  id: string,
  change: PersonChange,
  actor: Actor,
): Promise<Person> {
  const auth = await context.auth();
  await withLease(context.hub, PEOPLE_LEASE, PEOPLE_CHANGE_LEASE_MS, async () => {
    const person = await getPerson(context, id);
    const role = change.role ?? person.role;
    const enabled = change.enabled ?? person.enabled;
    if (role !== 'owner' || !enabled) await checkNotLastOwner(context, person);
    await auth.internal.updateUser(id, { role, enabled, name: change.name ?? person.name, updatedAt: new Date() });
    if (role !== person.role || enabled !== person.enabled) await auth.internal.deleteUserSessions(id);
    context.changed();
    if (!enabled || !covers(role, person.role)) await withdraw(context, auth, id, enabled ? role : null, actor);
    await audit(context.hub, actor, 'person.changed', { detail: { personId: id, ...change } });
  });
  return getPerson(context, id);
}

/** Their sessions end at once. @throws not_found, conflict for the last owner */
export async function removePerson(context: PeopleContext, id: string, actor: Actor): Promise<void> {
  const auth = await context.auth();
  await withLease(context.hub, PEOPLE_LEASE, PEOPLE_CHANGE_LEASE_MS, async () => {
    const person = await getPerson(context, id);
    await checkNotLastOwner(context, person);
    await auth.internal.deleteUserSessions(id);
    await auth.internal.deleteUser(id);
    context.changed();
    await withdraw(context, auth, id, null, actor);
    await audit(context.hub, actor, 'person.deleted', { detail: { personId: id, email: person.email } });
  });
}

/**
 * What somebody handed out goes with the right to do so: links that they made, links that others made for them, and
 * API tokens of more than the role that is left to them.
 */
export async function withdraw(
  context: PeopleContext,
  auth: Auth,
  id: string,
  left: Role | null,
  by: Actor,
): Promise<void> {
  await dropOneTimesFor(auth, id);
  await dropOneTimesMadeBy(auth, actorOf(id).name);
  const keep = (role: ApiTokenRole): boolean => left !== null && covers(left, roleOfToken(role));
  await revokeTokensOf(context.hub, actorOf(id), keep, by);
}

/**
 * A new password ends every other session.
 *
 * @throws invalid_request for a wrong present password, forbidden for a first one in a session that is not fresh,
 *   rate_limited
 */
export async function changeOwn(
  context: PeopleContext,
  me: SignedIn,
  change: {
    readonly name?: string | undefined;
    readonly password?: Secret | undefined;
    readonly currentPassword?: Secret | undefined;
  },
): Promise<SignedIn> {
  const auth = await context.auth();
  if (change.password !== undefined) {
    await checkOwnPassword(context, auth, me, change.currentPassword);
    await setPassword(auth, me.personId, change.password);
    const sessions = await auth.internal.listSessions(me.personId);
    const others = sessions.filter(({ id }) => id !== me.sessionId).map(({ token }) => token);
    if (others.length > 0) await auth.internal.deleteSessions(others);
    await dropOneTimesFor(auth, me.personId);
    context.changed();
    await audit(context.hub, actorOf(me.personId), 'person.password_changed', { detail: { personId: me.personId } });
  }
  if (change.name !== undefined && change.name !== me.name) {
    await auth.internal.updateUser(me.personId, { name: change.name });
    const detail = { personId: me.personId, name: change.name, before: me.name };
    await audit(context.hub, actorOf(me.personId), 'person.renamed', { detail });
  }
  context.changed();
  return { ...me, name: change.name ?? me.name, hasPassword: me.hasPassword || change.password !== undefined };
}

async function checkOwnPassword(
  context: PeopleContext,
  auth: Auth,
  me: SignedIn,
  current: Secret | undefined,
): Promise<void> {
  if (!me.hasPassword) return checkFreshSession(context, auth, me);
  // Not the count of sign-ins: that is for anybody to drive up.
  const account = `own password ${me.personId}`;
  await countAttempt(context.hub, [{ what: account, most: ATTEMPTS_PER_ACCOUNT }]);
  const known = await auth.internal.findCredentialAccount(me.personId);
  if (current === undefined || !(await auth.verifyPassword(known?.password ?? null, current.reveal()))) {
    throw new ChatelaineError('invalid_request', 'currentPassword: is not the present password.', {
      details: { field: 'currentPassword' },
    });
  }
  await forgetAttempts(context.hub, account);
}

/** Whoever finds an open session must not make a way in of their own out of it. */
async function checkFreshSession(context: PeopleContext, auth: Auth, me: SignedIn): Promise<void> {
  const sessions: Session[] = await auth.internal.listSessions(me.personId);
  const begun = sessions.find(({ id }) => id === me.sessionId)?.createdAt.getTime() ?? 0;
  if (context.hub.now() - begun <= FRESH_SIGN_IN_MS) return;
  throw new ChatelaineError(
    'forbidden',
    'A first password can be chosen only shortly after signing in: sign out, sign in again, and choose it within ten minutes.',
  );
}

async function checkNotLastOwner(context: PeopleContext, person: Person): Promise<void> {
  if (person.role !== 'owner' || !person.enabled) return;
  const owners = (await listPeople(context)).filter(({ role, enabled }) => role === 'owner' && enabled);
  if (owners.length > 1) return;
  throw new ChatelaineError('conflict', 'This is the last owner; make somebody else an owner first.');
}

const unknownPerson = (): ChatelaineError => new ChatelaineError('not_found', 'There is no such person.');
