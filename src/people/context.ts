// What the use cases of people are handed: the hub's context, better-auth, and the memory of sessions.

import type { HubContext } from '../hub/context.ts';
import type { Auth } from './auth.ts';
import type { Role } from './role.ts';

/** Somebody who is signed in, in this one session. */
export type SignedIn = {
  readonly personId: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly sessionId: string;
  readonly hasPassword: boolean;
};

export type PeopleContext = {
  readonly hub: HubContext;
  readonly cookieName: string;
  /** Opened at the first use. @throws secret_unreadable, store_unavailable */
  readonly auth: () => Promise<Auth>;
  /** Who may do what changed: nothing remembered of sessions holds any more. */
  readonly changed: () => void;
};
