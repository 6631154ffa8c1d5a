// Which rows want attention, in words that the partial indexes of migration 0008 and the statements share letter by
// letter: a planner uses such an index only for a statement that says the same.

import { sql } from 'kysely';
import type { Dialect } from './schema.ts';

/** Credentials that do not serve, or fail to be renewed. */
export const TROUBLED = sql<boolean>`slot = 'active' and (state <> 'ok' or refresh_failures > 0 or (kind = 'static' and reason is not null))`;
/** Credentials that end for good at a time that is known. */
export const ENDING = sql<boolean>`slot = 'active' and refreshable = 0 and state = 'ok' and refresh_failures = 0 and expires_at is not null`;
export const PENDING = sql<boolean>`slot = 'pending'`;
export const SHARED = sql<boolean>`owner = '' and slot = 'active'`;
/** Tools whose change nobody approved yet. */
export const CHANGED = sql<boolean>`approved_digest is not null and state = 'active'`;

/** Connectors whose server could not be reached; the text is as JSON.stringify writes it. */
export const unreachable = (dialect: Dialect) =>
  dialect === 'postgres'
    ? sql<boolean>`strpos(reachability, '"reachable":false') > 0`
    : sql<boolean>`instr(reachability, '"reachable":false') > 0`;

/** The authorization server that was discovered for a connector. */
export const discoveredIssuer = (dialect: Dialect) =>
  dialect === 'postgres'
    ? sql<string>`((discovery::json) ->> 'issuer')`
    : sql<string>`json_extract(discovery, '$.issuer')`;

/**
 * A table by that index. SQLite does not guess how few rows a partial index holds; PostgreSQL counts them, and has
 * no such words.
 */
export const by = (dialect: Dialect, table: string, index: string) =>
  dialect === 'sqlite' ? sql`${sql.table(table)} indexed by ${sql.id(index)}` : sql.table(table);
