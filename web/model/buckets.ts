// Hours of the call log gathered into as many bars as a chart shows well.

import type { CallGroup } from '../api/queries.ts';

export type Bucket = {
  readonly start: number;
  readonly hours: number;
  readonly calls: number;
  readonly errors: number;
  /** Null where nothing was measured. Of several hours: weighted by their calls, and the worst. */
  readonly p50: number | null;
  readonly p95: number | null;
};

const HOUR_MS = 3_600_000;

export const RANGES = {
  '24h': { hours: 24, perBar: 1 },
  '7d': { hours: 168, perBar: 3 },
  '30d': { hours: 720, perBar: 12 },
} as const;
export type Range = keyof typeof RANGES;

export function bucketsOf(groups: readonly CallGroup[], range: Range, now: number): Bucket[] {
  const { hours, perBar } = RANGES[range];
  const size = perBar * HOUR_MS;
  const last = Math.floor(now / size) * size;
  const count = hours / perBar;
  const first = last - (count - 1) * size;
  const slots: CallGroup[][] = Array.from({ length: count }, () => []);
  for (const group of groups) {
    if (group.hour === null) continue;
    slots[Math.floor((Date.parse(group.hour) - first) / size)]?.push(group);
  }
  return slots.map((inside, index) => ({ start: first + index * size, hours: perBar, ...sums(inside) }));
}

function sums(groups: readonly CallGroup[]) {
  let calls = 0;
  let errors = 0;
  let weighted = 0;
  let measured = 0;
  let worst: number | null = null;
  for (const group of groups) {
    calls += group.calls;
    errors += group.errors;
    if (group.upstreamMs === null) continue;
    weighted += group.upstreamMs.p50 * group.calls;
    measured += group.calls;
    worst = Math.max(worst ?? 0, group.upstreamMs.p95);
  }
  return { calls, errors, p50: measured === 0 ? null : weighted / measured, p95: worst };
}

/** A round number not below `value`, for the top of an axis that is parted in four. */
export function niceTop(value: number): number {
  const quarter = value / 4;
  if (quarter <= 1) return 4;
  const power = 10 ** Math.floor(Math.log10(quarter));
  const factors = power === 1 ? [1, 2, 3, 4, 5, 6, 8, 10] : [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return 4 * power * (factors.find((factor) => factor * power >= quarter) ?? 10);
}

export const milliseconds = (value: number): string =>
  value === 0
    ? '0 ms'
    : value >= 10_000
      ? `${(value / 1000).toFixed(0)} s`
      : value >= 1000
        ? `${(value / 1000).toFixed(1)} s`
        : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
