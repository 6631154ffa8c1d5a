// Keeps docs/requirements.md true: it names every rule once, in order, and only tests that exist.

import { expect, test } from 'vitest';
import { missingTests, namedTests, readPage } from '../support/named-tests.ts';

const RULES = 128;
const page = readPage('docs/requirements.md');
const rows = [...page.matchAll(/^\| (\d+) \|.*\| (.+) \|$/gm)].map(([, rule, proof = '']) => ({
  rule: Number(rule),
  proof,
}));

test('every rule has one row, in order, with a proof or a reason', () => {
  expect(rows.map(({ rule }) => rule)).toEqual(Array.from({ length: RULES }, (_, index) => index + 1));
  for (const { proof } of rows) expect(proof).toMatch(/`test\/|not here, because /);
});

test('every test file that is named exists, and every title in it', () => {
  const named = rows.flatMap(({ proof }) => namedTests(proof));
  expect(missingTests(named)).toEqual([]);
  expect(named.length).toBeGreaterThan(RULES);
});
