// Something that is true until it is changed: what it may be taken for during a call, from a moment before the
// change began until a moment after it was done.

/** A change may be felt this much later (README: within a second everywhere). */
export const GRACE_MS = 1_000;
/** Older than any call that could still be under way. */
const FORGET_MS = 120_000;

type Period<T> = { readonly value: T; readonly since: number; until: number };

export class Fact<T> {
  /** Somebody is about to change it; whoever wants to change it too looks for another. */
  isTaken = false;
  #periods: Period<T>[];

  readonly #graceMs: number;

  constructor(value: T, graceMs = GRACE_MS) {
    this.#graceMs = graceMs;
    this.#periods = [{ value, since: 0, until: Number.POSITIVE_INFINITY }];
  }

  get now(): T {
    return (this.#periods.at(-1) as Period<T>).value;
  }

  /** While `act` runs, both values are true. */
  async change(value: T, act: () => Promise<unknown>): Promise<void> {
    const since = Date.now();
    const next = { value, since, until: Number.POSITIVE_INFINITY };
    this.#periods.push(next);
    await act();
    this.#only(next, since);
  }

  /** Every value that it may have now: more than one after a change whose answer never came. */
  get open(): T[] {
    return this.#periods.filter(({ until }) => until === Number.POSITIVE_INFINITY).map(({ value }) => value);
  }

  /** It was looked at: this value is the one, and the other ones of `open` are not. */
  settle(value: T): void {
    const next = { value, since: Date.now(), until: Number.POSITIVE_INFINITY };
    this.#periods.push(next);
    this.#only(next, next.since);
  }

  /** Whatever was true or may have been until now is not any more. */
  #only(next: Period<T>, since: number): void {
    const at = Date.now();
    for (const earlier of this.#periods) if (earlier !== next) earlier.until = Math.min(earlier.until, at);
    this.#periods = this.#periods.filter(({ until }) => until > since - FORGET_MS);
  }

  /** What it may have been taken for between two moments. */
  possible(from: number, to: number): T[] {
    return this.#periods
      .filter(({ since, until }) => since <= to && until + this.#graceMs >= from)
      .map(({ value }) => value);
  }

  maybe(from: number, to: number, is: (value: T) => boolean): boolean {
    return this.possible(from, to).some(is);
  }
}
