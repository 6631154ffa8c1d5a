// How often a password, a set-up code or a link may be tried: counted in the database, so that several
// processes do not allow several times as much, under a hash, so that it does not hold what people typed.

import { ChatelaineError } from '../errors.ts';
import { audit } from '../hub/audit.ts';
import type { HubContext } from '../hub/context.ts';
import {
  ATTEMPTS_FROM_UNKNOWN,
  ATTEMPTS_PER_ACCOUNT,
  ATTEMPTS_PER_ACCOUNT_EVERYWHERE,
  ATTEMPTS_PER_ADDRESS,
  ATTEMPTS_WINDOW_MS,
} from '../limits.ts';
import { Secret } from '../secret.ts';
import { hashToken } from '../vault/hash.ts';
import type { Visitor } from './visitor.ts';

/** At which of the failures of one account within the window the audit log gets a line: never one for each. */
const FAILURES_TOLD: ReadonlySet<number> = new Set([1, ATTEMPTS_PER_ACCOUNT, 100, ATTEMPTS_PER_ACCOUNT_EVERYWHERE]);

type Limit = { readonly what: string; readonly most: number };

/** Tries from where this visitor is; nobody is limited for all who come from where nobody can tell. */
export function limitOfAddress({ address }: Visitor): readonly Limit[] {
  return address === null ? [] : [{ what: `address ${placeOf(address)}`, most: ATTEMPTS_PER_ADDRESS }];
}

/** Tries at this account: few from one place, so that nobody elsewhere closes it, and many from everywhere. */
export function limitsOfAccount(email: string, { address }: Visitor): { readonly here: Limit; readonly all: Limit } {
  const account = `account ${email.toLowerCase()}`;
  return {
    here:
      address === null
        ? { what: `${account} from somewhere`, most: ATTEMPTS_FROM_UNKNOWN }
        : { what: `${account} from ${placeOf(address)}`, most: ATTEMPTS_PER_ACCOUNT },
    all: { what: account, most: ATTEMPTS_PER_ACCOUNT_EVERYWHERE },
  };
}

/** One subscriber has 2^64 addresses of IPv6: there it is the network that counts. */
function placeOf(address: string): string {
  if (!address.includes(':') || !URL.canParse(`http://[${address}]`)) return address;
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  // An IPv4 address, as a socket of both kinds tells it.
  if (canonical.startsWith('::ffff:')) return canonical;
  const [left = '', right] = canonical.split('::');
  const [head, tail] = [left, right ?? ''].map((part) => (part === '' ? [] : part.split(':')));
  const zeros = right === undefined ? [] : Array(8 - (head?.length ?? 0) - (tail?.length ?? 0)).fill('0');
  return `${[...(head ?? []), ...zeros, ...(tail ?? [])].slice(0, 4).join(':')}::/64`;
}

const keyOf = (what: string): Promise<string> => hashToken(new Secret(`attempt ${what}`));

/** Counts this attempt against each limit. @throws rate_limited */
export async function countAttempt(context: HubContext, limits: readonly Limit[]): Promise<void> {
  for (const { what, most } of limits) {
    const now = context.now();
    const { count, endsAt } = await context.store.attempts.add(await keyOf(what), now, ATTEMPTS_WINDOW_MS);
    if (count <= most) continue;
    // Without what was typed: that may be a password in the wrong field.
    if (count === most + 1) context.log.warn({ most }, 'too many attempts to sign in: a limit is reached');
    const retryAfterSeconds = Math.max(1, Math.ceil((endsAt - now) / 1000));
    throw new ChatelaineError(
      'rate_limited',
      `Too many attempts; try again in ${Math.ceil(retryAfterSeconds / 60)} minutes.`,
      { details: { retryAfterSeconds } },
    );
  }
}

/** Counts a wrong password; of somebody who is known here, the audit log has the first and then very few more. */
export async function tellFailure(context: HubContext, email: string, personId: string | null): Promise<void> {
  const key = await keyOf(`failures ${email.toLowerCase()}`);
  const { count } = await context.store.attempts.add(key, context.now(), ATTEMPTS_WINDOW_MS);
  if (personId === null || !FAILURES_TOLD.has(count)) return;
  await audit(context, { name: 'browser' }, 'sign_in.failed', { detail: { personId, failures: count } });
}

export async function forgetAttempts(context: HubContext, what: string): Promise<void> {
  await context.store.attempts.forget(await keyOf(what));
}
