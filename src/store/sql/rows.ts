// Helpers that every list and every bulk write need: keyset pages, and chunks that stay under the
// parameter limits of a statement (32,766 on SQLite, 65,535 on PostgreSQL).

import type { RawBuilder } from 'kysely';
import { sql } from 'kysely';
import type { Page, PageRequest } from '../records.ts';
import type { Dialect } from './schema.ts';

/** Rows of a bulk insert; the widest has twelve columns, so a statement stays far under both limits. */
const ROWS_PER_STATEMENT = 1_000;

/** Makes a page of rows that were asked for with `limit + 1`. */
export function pageOf<T extends { readonly id: string }>(rows: readonly T[], request: PageRequest): Page<T> {
  const items = rows.slice(0, request.limit);
  return { items, nextCursor: rows.length > request.limit ? (items.at(-1)?.id ?? null) : null };
}

export function chunksOf<T>(values: readonly T[]): readonly (readonly T[])[] {
  const chunks: (readonly T[])[] = [];
  for (let start = 0; start < values.length; start += ROWS_PER_STATEMENT) {
    chunks.push(values.slice(start, start + ROWS_PER_STATEMENT));
  }
  return chunks;
}

/** Whether a text holds another; letters of ASCII in either case, which is what both databases agree on. */
export function holds(text: RawBuilder<string>, sought: string, dialect: Dialect): RawBuilder<boolean> {
  const lower = sought.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return dialect === 'postgres'
    ? sql<boolean>`strpos(lower(${text}), ${lower}) > 0`
    : sql<boolean>`instr(lower(${text}), ${lower}) > 0`;
}

/** Of a deletion that goes on for long: few enough that nobody notices a piece. */
export const DELETED_PER_STATEMENT = 250;

/**
 * Deletes piece by piece, `piece` answering how many it found. A statement must not hold the write lock, or run into the
 * statement timeout, for a month's log; and an embedded database answers at once, so that calls get as long
 * a turn after each piece as it took.
 */
export async function deletePieces(piece: () => Promise<number>): Promise<number> {
  let deleted = 0;
  for (;;) {
    const beganMs = performance.now();
    const some = await piece();
    deleted += some;
    if (some < DELETED_PER_STATEMENT) return deleted;
    const tookMs = performance.now() - beganMs;
    await new Promise((resolve) => setTimeout(resolve, tookMs));
  }
}
