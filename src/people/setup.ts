// The first owner: whoever reads the console of the hub, where a code is printed while there is none. Each
// start prints a code of its own and every process takes every code, until the first of them is used.

import { ChatelaineError } from '../errors.ts';
import { audit } from '../hub/audit.ts';
import { withLease } from '../hub/lease.ts';
import { PEOPLE_CHANGE_LEASE_MS, SETUP_CODE_LIFETIME_MS } from '../limits.ts';
import { Secret } from '../secret.ts';
import { countAttempt, limitOfAddress } from './attempts.ts';
import type { Answered, Auth } from './auth.ts';
import type { PeopleContext, SignedIn } from './context.ts';
import { checkEmailFree, createPerson, setPassword } from './new-person.ts';
import { dropOneTimesOf, keepOneTime, takeOneTime } from './one-time.ts';
import { actorOf, beginSession } from './sign-in.ts';
import type { Visitor } from './visitor.ts';

export const PEOPLE_LEASE = 'people';
/** Without the letters that are mistaken for digits. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_CHARACTERS = 16;

/** Whether there is no owner yet. */
export async function needsSetup(auth: Auth): Promise<boolean> {
  const owners = await auth.internal.countTotalUsers([{ field: 'role', value: 'owner' }]);
  return owners === 0;
}

/** A code for the console, like `7KQF-…`; null when there is an owner. */
export async function newSetupCode(context: PeopleContext): Promise<Secret | null> {
  const auth = await context.auth();
  if (!(await needsSetup(auth))) return null;
  const letters: string[] = [];
  while (letters.length < CODE_CHARACTERS) {
    const [byte = 255] = crypto.getRandomValues(new Uint8Array(1));
    // Every letter is equally likely: bytes of the incomplete last round are thrown away.
    if (byte < 256 - (256 % ALPHABET.length)) letters.push(ALPHABET[byte % ALPHABET.length] ?? '');
  }
  const code = letters.join('');
  const expiresAt = new Date(context.hub.now() + SETUP_CODE_LIFETIME_MS);
  await keepOneTime(auth, 'setup', new Secret(code), {}, expiresAt);
  return new Secret(code.replace(/(.{4})(?=.)/g, '$1-'));
}

/** Makes the first owner and signs them in. @throws forbidden for a wrong code, conflict, rate_limited */
export async function finishSetup(
  context: PeopleContext,
  input: { readonly code: Secret; readonly name: string; readonly email: string; readonly password: Secret },
  visitor: Visitor,
): Promise<Answered<SignedIn>> {
  // The code itself is beyond guessing; a limit for everybody would let anybody close the door for its reader.
  await countAttempt(context.hub, limitOfAddress(visitor));
  const auth = await context.auth();
  const user = await withLease(context.hub, PEOPLE_LEASE, PEOPLE_CHANGE_LEASE_MS, async () => {
    if (!(await needsSetup(auth)))
      throw new ChatelaineError('conflict', 'This hub was set up already; sign in, or ask an owner for an invitation.');
    await checkEmailFree(auth, input.email);
    const code = new Secret(
      input.code
        .reveal()
        .toUpperCase()
        .replace(/[^0-9A-Z]/g, ''),
    );
    if ((await takeOneTime(auth, 'setup', code)) === null) {
      throw new ChatelaineError(
        'forbidden',
        'This code is not right or was used; the hub prints one on its console each time it starts.',
        { details: { field: 'code' } },
      );
    }
    // An owner's word verifies an address, in an invitation and here.
    const owner = { name: input.name, email: input.email, emailVerified: true, role: 'owner' } as const;
    const made = await createPerson(auth, owner, 'email-password');
    await setPassword(auth, made.id, input.password);
    await dropOneTimesOf(auth, 'setup');
    return made;
  });
  await audit(context.hub, actorOf(user.id), 'person.created', {
    detail: { personId: user.id, role: 'owner', how: 'setup' },
  });
  return beginSession(context, auth, user, visitor, 'setup');
}
