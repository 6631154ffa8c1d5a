// Chance that can be had again: the same seed, the same choices.

export type Random = {
  /** 0 to below 1. */
  next(): number;
  chance(probability: number): boolean;
  one<T>(values: readonly T[]): T;
  /** Different ones. */
  some<T>(values: readonly T[], count: number): T[];
};

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const one = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  return {
    next,
    chance: (probability) => next() < probability,
    one,
    some(values, count) {
      const left = [...values];
      return Array.from({ length: Math.min(count, left.length) }, () => {
        const [taken] = left.splice(Math.floor(next() * left.length), 1);
        return taken as (typeof left)[number];
      });
    },
  };
}
