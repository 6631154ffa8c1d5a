// What a command prints: its result on standard output, for a person or as one line of JSON, and whatever
// else it has to say on standard error, so that a pipe carries the result alone.

import { styleText } from 'node:util';

export type Output = {
  readonly json: boolean;
  /** The result: `data` with --json, else `text`. */
  result(data: unknown, text: string): void;
  /** A remark for the person who looks on. */
  note(text: string): void;
};

/** Strings from outside could steer a terminal; what steers is shown as a mark. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const COLUMN_GAP = '  ';

export function createOutput(json: boolean): Output {
  return {
    json,
    result: (data, text) => console.log(json ? JSON.stringify(data) : text),
    note: (text) => console.error(text),
  };
}

const dim = (text: string): string => styleText('dim', text);
export const bold = (text: string): string => styleText('bold', text);

/** One line, with nothing in it that a terminal would obey. */
export const plain = (text: string): string => text.replace(CONTROL, '\ufffd');

/** Rows below headings, aligned. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const [first = '', ...others] = align([headings, ...rows]);
  return [dim(first), ...others].join('\n');
}

/** `name  value` lines, aligned and indented. */
export function pairs(entries: readonly (readonly [name: string, value: string])[]): string {
  return align(entries)
    .map((line) => `  ${line}`)
    .join('\n');
}

function align(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(plain));
  const widthOf = (column: number): number => Math.max(...cells.map((row) => row[column]?.length ?? 0));
  const widths = (cells[0] ?? []).map((_, column) => widthOf(column));
  return cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(COLUMN_GAP)
      .trimEnd(),
  );
}
