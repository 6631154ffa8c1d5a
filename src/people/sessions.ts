// Where somebody is signed in, and how to end that.

import { ChatelaineError } from '../errors.ts';
import { audit } from '../hub/audit.ts';
import type { Session } from './auth.ts';
import type { PeopleContext, SignedIn } from './context.ts';
import { dropOneTimesFor } from './one-time.ts';
import { actorOf } from './sign-in.ts';

/** The sessions of one person, the latest used first. */
export async function listSessions(context: PeopleContext, me: SignedIn): Promise<readonly Session[]> {
  const { internal } = await context.auth();
  const sessions: Session[] = await internal.listSessions(me.personId, { onlyActiveSessions: true });
  return sessions.sort((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime());
}

/** @throws not_found for a session of somebody else, too */
export async function endSession(context: PeopleContext, me: SignedIn, id: string): Promise<void> {
  const found = (await listSessions(context, me)).find((session) => session.id === id);
  if (found === undefined) throw new ChatelaineError('not_found', 'There is no such session; it may have ended.');
  await (await context.auth()).internal.deleteSession(found.token);
  await ended(context, me, { sessionId: id });
}

/** All of them, this one too. */
export async function endAllSessions(context: PeopleContext, me: SignedIn): Promise<void> {
  await (await context.auth()).internal.deleteUserSessions(me.personId);
  await dropOneTimesFor(await context.auth(), me.personId);
  await ended(context, me, { all: true });
}

async function ended(context: PeopleContext, me: SignedIn, detail: Record<string, unknown>): Promise<void> {
  context.changed();
  await audit(context.hub, actorOf(me.personId), 'session.ended', { detail });
}
