// People: every use case as one object, for HTTP, the command line and embedders. Nothing is opened until
// something is asked.

import { ChatelaineError } from '../errors.ts';
import type { Actor } from '../hub/audit.ts';
import { browserRoutes } from '../hub/browser-routes.ts';
import type { HubContext } from '../hub/context.ts';
import type { Secret } from '../secret.ts';
import { type Auth, openAuth } from './auth.ts';
import { sessionCookieName } from './auth-options.ts';
import type { PeopleContext, SignedIn } from './context.ts';
import {
  acceptLink,
  followSignInLink,
  invite,
  listInvitations,
  lookAtLink,
  passwordLink,
  signInLink,
  withdrawInvitation,
} from './invitations.ts';
import { createOpenIdProvider, type OpenIdFlow, type OpenIdSettings } from './openid-provider.ts';
import { signInWithOpenId } from './openid-sign-in.ts';
import {
  changeOwn,
  changePerson,
  findPerson,
  getPerson,
  listPeople,
  namesOfPeople,
  type PersonChange,
  removePerson,
} from './persons.ts';
import type { Role } from './role.ts';
import { createSessionReader } from './session-reader.ts';
import { endAllSessions, endSession, listSessions } from './sessions.ts';
import { finishSetup, needsSetup, newSetupCode } from './setup.ts';
import { signIn, signOut } from './sign-in.ts';
import { signInSecret } from './sign-in-secret.ts';
import { checkStanding } from './standing.ts';
import type { Visitor } from './visitor.ts';

export type People = ReturnType<typeof createPeople>;

/** The one identity provider that settings can name. */
const OPENID = 'sso';

export function createPeople(hub: HubContext, settings: { readonly openId: OpenIdSettings | null }) {
  const { baseUrl, log, store, vault } = hub;
  const cookieName = sessionCookieName(baseUrl);
  let opened: Promise<Auth> | null = null;
  const auth = (): Promise<Auth> => {
    if (opened !== null) return opened;
    const opening = signInSecret(store, vault).then((secret) => openAuth({ store, baseUrl, log }, secret));
    opened = opening;
    // A database that was away is asked again.
    opening.catch(() => {
      if (opened === opening) opened = null;
    });
    return opening;
  };
  const reader = createSessionReader({ hub, cookieName, auth });
  const provider = settings.openId === null ? null : createOpenIdProvider(settings.openId, hub.outbound, hub.now);
  const context: PeopleContext = { hub, cookieName, auth, changed: reader.forget };

  return {
    cookieName,
    /** Who is signed in by this cookie. */
    session: reader.read,
    signIn: (email: string, password: Secret, visitor: Visitor) => signIn(context, email, password, visitor),
    signOut: (visitor: Visitor) => signOut(context, visitor),

    /** Identity providers by which people may sign in. */
    openIds: provider === null ? [] : [{ id: OPENID, name: provider.settings.name }],
    /** @throws not_found */
    openId(id: string) {
      if (provider === null || id !== OPENID)
        throw new ChatelaineError('not_found', 'There is no such way to sign in here.');
      const redirectUri = `${baseUrl}${browserRoutes.openIdCallback(OPENID)}`;
      return {
        begin: () => provider.begin(redirectUri),
        async finish(answer: URLSearchParams, flow: OpenIdFlow, visitor: Visitor) {
          const person = await provider.finish(answer, flow, redirectUri);
          return signInWithOpenId(context, provider.settings, person, visitor);
        },
      };
    },

    setup: {
      needed: async (): Promise<boolean> => needsSetup(await auth()),
      newCode: () => newSetupCode(context),
      finish: (input: { code: Secret; name: string; email: string; password: Secret }, visitor: Visitor) =>
        finishSetup(context, input, visitor),
    },

    /** For what an owner hands out elsewhere: taken back when they are none any more. @throws forbidden */
    checkStanding: (actor: Actor, undo: () => Promise<unknown>) => checkStanding(context, actor, undo),

    list: () => listPeople(context),
    /** By id. */
    names: () => namesOfPeople(context),
    get: (id: string) => getPerson(context, id),
    /** By id or e-mail address. */
    find: (named: string) => findPerson(context, named),
    change: (id: string, change: PersonChange, actor: Actor) => changePerson(context, id, change, actor),
    remove: (id: string, actor: Actor) => removePerson(context, id, actor),
    changeOwn: (
      me: SignedIn,
      change: { name?: string | undefined; password?: Secret | undefined; currentPassword?: Secret | undefined },
    ) => changeOwn(context, me, change),

    sessions: {
      list: (me: SignedIn) => listSessions(context, me),
      end: (me: SignedIn, id: string) => endSession(context, me, id),
      endAll: (me: SignedIn) => endAllSessions(context, me),
    },

    links: {
      invite: (input: { email?: string | undefined; role: Role }, actor: Actor) => invite(context, input, actor),
      list: () => listInvitations(context),
      withdraw: (id: string, actor: Actor) => withdrawInvitation(context, id, actor),
      password: async (id: string, actor: Actor) => passwordLink(context, await getPerson(context, id), actor),
      signIn: async (id: string, actor: Actor) => signInLink(context, await getPerson(context, id), actor),
      follow: (token: Secret, visitor: Visitor) => followSignInLink(context, token, visitor),
      look: (token: Secret, visitor: Visitor) => lookAtLink(context, token, visitor),
      accept: (
        token: Secret,
        input: { name?: string | undefined; email?: string | undefined; password: Secret },
        visitor: Visitor,
      ) => acceptLink(context, token, input, visitor),
    },
  };
}
