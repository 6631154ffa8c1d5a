// Keeps docs/requirements.md true: it names every rule once, in order, and only tests that exist.

import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const RULES = 128;
const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const rows = [...read('docs/requirements.md').matchAll(/^\| (\d+) \|.*\| (.+) \|$/gm)].map(([, rule, proof = '']) => ({
  rule: Number(rule),
  proof,
}));

test('every rule has one row, in order, with a proof or a reason', () => {
  expect(rows.map(({ rule }) => rule)).toEqual(Array.from({ length: RULES }, (_, index) => index + 1));
  for (const { proof } of rows) expect(proof).toMatch(/`test\/|not here, because /);
});

test('every test file that is named exists, and every title in it', () => {
  const named = rows.flatMap(({ rule, proof }) =>
    [...proof.matchAll(/`(test\/[^`]+)`(?: "([^"]+)")?/g)].map(([, file = '', title]) => ({ rule, file, title })),
  );
  const missing = named.filter(
    ({ file, title }) => !existsSync(new URL(file, root)) || !read(file).includes(title ?? ''),
  );
  expect(missing).toEqual([]);
  expect(named.length).toBeGreaterThan(RULES);
});
