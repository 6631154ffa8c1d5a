// Keeps docs/threat-model.md true: every threat says what stands against it and names a test, by file and title, that
// exists; and what is not protected is said.

import { expect, test } from 'vitest';
import { missingTests, namedTests, readPage } from './support/named-tests.ts';

const page = readPage('docs/threat-model.md');
const rows = [...page.matchAll(/^\| T(\d+) (.+?) \| (.+?) \| (.+) \|$/gm)].map(
  ([, number, threat, against, proof = '']) => ({
    ...{ number: Number(number), threat, against },
    tests: namedTests(proof),
  }),
);

test('every threat has a number of its own, in order, something against it, and a test with its title', () => {
  const threats = page.split('## Threats')[1]?.split('## What is not protected')[0] ?? '';
  const body = threats.split('\n').filter((line) => line.startsWith('| ') && !/^\| (threat|---)/.test(line));
  expect(rows).toHaveLength(body.length);
  expect(rows.map(({ number }) => number)).toEqual(rows.map((_, index) => index + 1));
  for (const { number, tests } of rows) {
    expect(tests.length, `T${number}`).toBeGreaterThan(0);
    for (const { title } of tests) expect(title, `T${number}`).toBeDefined();
  }
});

test('every test that is named exists, and its title in it', () => {
  expect(missingTests(namedTests(page))).toEqual([]);
});

test('what is not protected is said, and SECURITY.md and the README lead there', () => {
  expect(page.split('## What is not protected')[1]?.match(/^- \*\*/gm)?.length).toBeGreaterThan(10);
  expect(readPage('SECURITY.md')).toContain('docs/threat-model.md#what-is-not-protected');
  expect(readPage('README.md')).toContain('docs/threat-model.md');
});
