// Signing in with a password, and out: the one way in which a session of a person begins.

import { ChatelaineError } from '../errors.ts';
import { audit } from '../hub/audit.ts';
import type { Secret } from '../secret.ts';
import { countAttempt, forgetAttempts, limitOfAddress, limitsOfAccount, tellFailure } from './attempts.ts';
import { type Answered, type Auth, PASSWORD_PROVIDER, type User } from './auth.ts';
import type { PeopleContext, SignedIn } from './context.ts';
import { headersOf, type Visitor } from './visitor.ts';

export const actorOf = (personId: string): { name: string } => ({ name: `person:${personId}` });

/** @throws unauthorized for whatever is wrong, rate_limited */
export async function signIn(
  context: PeopleContext,
  email: string,
  password: Secret,
  visitor: Visitor,
): Promise<Answered<SignedIn>> {
  const { here, all } = limitsOfAccount(email, visitor);
  // In this order: whoever is stopped here counts no further for everybody.
  await countAttempt(context.hub, [...limitOfAddress(visitor), here, all]);
  const auth = await context.auth();
  const found = await auth.internal.findUserByEmail(email.toLowerCase(), { includeAccounts: true });
  const hash = found?.accounts.find(({ providerId }) => providerId === PASSWORD_PROVIDER)?.password ?? null;
  const right = await auth.verifyPassword(hash, password.reveal());
  const user = (found?.user ?? null) as User | null;
  if (!right || user === null || !user.enabled) {
    await tellFailure(context.hub, email, user?.id ?? null);
    throw new ChatelaineError('unauthorized', 'The e-mail address or the password is wrong.');
  }
  await forgetAttempts(context.hub, here.what);
  return beginSession(context, auth, user, visitor, 'password');
}

/** A session for someone who has proven who they are. @throws forbidden for a person who is disabled */
export async function beginSession(
  context: PeopleContext,
  auth: Auth,
  user: User,
  visitor: Visitor,
  how: string,
): Promise<Answered<SignedIn>> {
  if (!user.enabled) throw new ChatelaineError('forbidden', 'This account is disabled; ask an owner of this hub.');
  const { value: session, cookies } = await auth.startSession(user.id, headersOf(visitor, context.cookieName));
  await audit(context.hub, actorOf(user.id), 'session.started', { detail: { how } });
  context.changed();
  return { value: await signedInOf(auth, user, session.id), cookies };
}

export async function signedInOf(auth: Auth, user: User, sessionId: string): Promise<SignedIn> {
  const accounts = await auth.internal.findAccounts(user.id);
  const hasPassword = accounts.some(({ providerId }) => providerId === PASSWORD_PROVIDER);
  const { id: personId, name, email, role } = user;
  return { personId, name, email, role, sessionId, hasPassword };
}

/** Ends the session of this cookie; answers the lines that remove it. */
export async function signOut(context: PeopleContext, visitor: Visitor): Promise<readonly string[]> {
  const auth = await context.auth();
  const headers = headersOf(visitor, context.cookieName);
  const { value } = await auth.readSession(headers);
  const { cookies } = await auth.signOut(headers);
  context.changed();
  if (value !== null)
    await audit(context.hub, actorOf(value.user.id), 'session.ended', { detail: { sessionId: value.session.id } });
  return cookies;
}
