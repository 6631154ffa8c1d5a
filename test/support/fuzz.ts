// What generated tests share: how often they run, and values that readers stumble over.

import fc from 'fast-check';

/** More for a long search: CHATELAINE_TEST_RUNS=50 runs each property fifty times as often. */
const TIMES = Number(process.env.CHATELAINE_TEST_RUNS ?? 1);

export const runs = (usual: number): { numRuns: number } => ({ numRuns: Math.max(1, Math.round(usual * TIMES)) });

/** Stands for JSON that is nested this deep; `asJson` writes it, since JSON.stringify itself could not. */
const DEEP = '\u0001deep\u0001';
const DEEP_LEVELS = 50_000;

const TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'x\udfffy',
  '\u202egnp.exe',
  '\ufeff',
  '\r\nSet-Cookie: a=b',
  '<script>alert(1)</script>',
  "'; drop table connectors; --",
  '%',
  '%00',
  '..',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  '-1',
  '1e400',
  '9'.repeat(400),
  'x'.repeat(5_000),
  'ß'.repeat(300),
  '😀'.repeat(100),
  '0000-01-01T00:00:00.000Z',
  '2026-02-30T00:00:00.000Z',
  '9999-12-31T23:59:59.999Z',
] as const;

export const hostileText = (): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...TEXTS) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
    { weight: 1, arbitrary: fc.string({ maxLength: 60 }) },
  );

export const hostileValue = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    hostileText(),
    fc.constantFrom<unknown>(null, true, false, 0, -1, 0.5, 1e308, -(2 ** 53), 2 ** 31, [], {}, [[]], DEEP),
    fc.jsonValue({ maxDepth: 3 }),
  );

/** JSON text in which what stands for depth is deep. */
export function asJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.replaceAll(JSON.stringify(DEEP), () => '['.repeat(DEEP_LEVELS) + ']'.repeat(DEEP_LEVELS));
}
