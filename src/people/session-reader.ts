// Who a session cookie belongs to. Read once a second at most for each cookie, however many requests carry it,
// and anew at once after any change of people or sessions in this process.

import { SESSION_CACHE_ENTRIES, SESSION_CACHE_MS } from '../limits.ts';
import type { Answered } from './auth.ts';
import type { PeopleContext, SignedIn } from './context.ts';
import { signedInOf } from './sign-in.ts';
import { headersOf, type Visitor } from './visitor.ts';

export type SessionReader = {
  /** Who is signed in, or null; `cookies` renew the session's cookie now and then. @throws store_unavailable */
  read(visitor: Visitor): Promise<Answered<SignedIn | null>>;
  forget(): void;
};

type Entry = { readonly readAt: number; readonly signedIn: Promise<Answered<SignedIn | null>> };

export function createSessionReader(context: Omit<PeopleContext, 'changed'>): SessionReader {
  const entries = new Map<string, Entry>();
  const { now } = context.hub;

  const load = async (visitor: Visitor): Promise<Answered<SignedIn | null>> => {
    const auth = await context.auth();
    const { value, cookies } = await auth.readSession(headersOf(visitor, context.cookieName));
    if (value === null || !value.user.enabled) return { value: null, cookies };
    const { session, user } = value;
    return { value: await signedInOf(auth, user, session.id), cookies };
  };

  return {
    async read(visitor) {
      const { cookie } = visitor;
      if (cookie === undefined) return { value: null, cookies: [] };
      const known = entries.get(cookie);
      const age = known === undefined ? -1 : now() - known.readAt;
      if (known !== undefined && age >= 0 && age < SESSION_CACHE_MS)
        return { value: (await known.signedIn).value, cookies: [] };
      const signedIn = load(visitor);
      entries.delete(cookie);
      entries.set(cookie, { readAt: now(), signedIn });
      // What failed is asked again by the next request.
      signedIn.catch(() => entries.delete(cookie));
      const [oldest] = entries.keys();
      if (entries.size > SESSION_CACHE_ENTRIES && oldest !== undefined) entries.delete(oldest);
      return signedIn;
    },
    forget: () => entries.clear(),
  };
}
