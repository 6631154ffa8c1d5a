// Tests that a page of the documents names, as `test/file.test.ts` "title".

import { existsSync, readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);

export const readPage = (path: string): string => readFileSync(new URL(path, root), 'utf8');

export type Named = { readonly file: string; readonly title: string | undefined };

export function namedTests(text: string): Named[] {
  return [...text.matchAll(/`(test\/[^`]+)`(?: "([^"]+)")?/g)].map(([, file = '', title]) => ({ file, title }));
}

/** Those of which there is no such file, or no such title in it. */
export function missingTests(named: readonly Named[]): Named[] {
  return named.filter(({ file, title }) => !existsSync(new URL(file, root)) || !holds(readPage(file), title));
}

/** A title, or the part of one that does not come from a table: a text that begins or ends so. */
function holds(source: string, title: string | undefined): boolean {
  if (title === undefined) return true;
  return ["'", '"', '`'].some((quote) => source.includes(quote + title) || source.includes(title + quote));
}
