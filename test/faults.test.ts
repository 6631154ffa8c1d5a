// A taste of `npm run faults`: some of its faults, on the loopback, with everything at work.

import { expect, test } from 'vitest';
import { FAULTS } from '../faults/catalogue.ts';
import { complaintsOf, tableOf } from '../faults/report.ts';
import { INVARIANTS, runSuite } from '../faults/suite.ts';

test('what must hold holds after each of some faults', { timeout: 240_000 }, async () => {
  const faults = FAULTS.filter(({ isShort }) => isShort === true);
  const report = await runSuite({ seed: 7, agents: 6, withNamespaces: false, faults });
  expect(complaintsOf(report)).toEqual([]);
  expect(report.faults.map(({ name, injected }) => [name, injected > 0])).toEqual(
    faults.map(({ name }) => [name, true]),
  );
  expect(report.outcomes.answer).toBeGreaterThan(50);
  expect(report.outcomes['sign-in']).toBeGreaterThan(0);
});

test('a fault that breaks something is told of in the table and by its invariant', () => {
  const fault = { name: 'a fault', injected: 1, recoveryMs: 1_500, seconds: 4, broken: { [INVARIANTS[0]]: ['lost'] } };
  const report = { seed: 1, seconds: 4, hasNamespaces: false, outcomes: {}, faults: [fault], notes: [], late: [] };
  expect(complaintsOf(report)).toEqual(['a fault: acknowledged changes stand: lost']);
  expect(tableOf([report, { ...report, faults: [{ ...fault, injected: 0, recoveryMs: null, broken: {} }] }])).toContain(
    '| a fault | 1 | 1.5 s | 1 broken |',
  );
});
