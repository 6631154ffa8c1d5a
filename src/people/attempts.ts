// How often a password, a set-up code or a link may be tried: counted in the database, so that several
// processes do not allow several times as much, under a hash, so that it does not hold what people typed.

import { ChatelaineError } from '../errors.ts';
import type { HubContext } from '../hub/context.ts';
import { ATTEMPTS_PER_ADDRESS, ATTEMPTS_WINDOW_MS } from '../limits.ts';
import { Secret } from '../secret.ts';
import { hashToken } from '../vault/hash.ts';
import type { Visitor } from './visitor.ts';

type Limit = { readonly what: string; readonly most: number };

/** Tries from where this visitor is; nobody is limited for all who come from where nobody can tell. */
export function limitOfAddress({ address }: Visitor): readonly Limit[] {
  return address === null ? [] : [{ what: `address ${address}`, most: ATTEMPTS_PER_ADDRESS }];
}

const keyOf = (what: string): Promise<string> => hashToken(new Secret(`attempt ${what}`));

/** Counts this attempt against each limit. @throws rate_limited */
export async function countAttempt(context: HubContext, limits: readonly Limit[]): Promise<void> {
  for (const { what, most } of limits) {
    const now = context.now();
    const { count, endsAt } = await context.store.attempts.add(await keyOf(what), now, ATTEMPTS_WINDOW_MS);
    if (count <= most) continue;
    const retryAfterSeconds = Math.max(1, Math.ceil((endsAt - now) / 1000));
    throw new ChatelaineError(
      'rate_limited',
      `Too many attempts; try again in ${Math.ceil(retryAfterSeconds / 60)} minutes.`,
      { details: { retryAfterSeconds } },
    );
  }
}

export async function forgetAttempts(context: HubContext, what: string): Promise<void> {
  await context.store.attempts.forget(await keyOf(what));
}
