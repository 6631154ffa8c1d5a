import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketOf, percentileOf } from '../../src/hub/call-histogram.ts';

const countsOf = (values: readonly number[]): Map<number, number> => {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(bucketOf(value), (counts.get(bucketOf(value)) ?? 0) + 1);
  return counts;
};
const exact = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(values.length * share)) - 1] as number;

// Spread over the magnitudes, as durations are.
const duration = fc.double({ min: -3, max: 6.9, noNaN: true }).map((exponent) => 10 ** exponent);
const durations = fc.array(duration, { minLength: 1, maxLength: 300 });
const share = fc.constantFrom(0.01, 0.5, 0.9, 0.95, 1);

test('a percentile is within 4.5 % of the exact one, or within 10 µs', () => {
  fc.assert(
    fc.property(durations, share, (values, at) => {
      const truth = exact(values, at);
      const told = percentileOf(countsOf(values), at) as number;
      expect(Math.abs(told - truth)).toBeLessThanOrEqual(Math.max(0.045 * truth, 0.01));
    }),
    { numRuns: 1_000 },
  );
});

test('two histograms added are the histogram of all', () => {
  fc.assert(
    fc.property(durations, durations, share, (some, others, at) => {
      const merged = countsOf(some);
      for (const [bucket, count] of countsOf(others)) merged.set(bucket, (merged.get(bucket) ?? 0) + count);
      expect(percentileOf(merged, at)).toBe(percentileOf(countsOf([...some, ...others]), at));
    }),
  );
});

test('nothing has no percentile, and no duration is out of range', () => {
  expect(percentileOf(new Map(), 0.5)).toBeNull();
  for (const odd of [0, -1, Number.NaN]) expect(bucketOf(odd)).toBe(0);
  expect(bucketOf(Number.POSITIVE_INFINITY)).toBe(bucketOf(1e12));
});
