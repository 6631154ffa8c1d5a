// What the errors of `pg` mean. The server speaks in SQLSTATE; a connection that failed or was never
// made has only a system error or a sentence of the driver.
// @see https://www.postgresql.org/docs/current/errcodes-appendix.html

import pg from 'pg';
import type { Fault } from './faults.ts';
import { fieldName } from './faults.ts';

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
/** A text holds U+0000. */
const CHARACTER_NOT_IN_REPERTOIRE = '22021';
const DISK_FULL = '53100';
/** A former primary, or a server that was told to take no changes. */
const READ_ONLY_TRANSACTION = '25006';
/** Refused sign-in, missing database, system errors: somebody has to do something. */
const UNAVAILABLE = /^(?:28|3D|58|XX)/;
/**
 * Connection exceptions, lost transactions, no resources, a lock or the time not granted, shutting down or
 * starting up; 25P03 is a session that was ended for its silence.
 */
const AWAY = /^(?:08|40|53|55|57|25P03)/;
const CONNECTION_TROUBLE =
  /^(?:Connection (?:terminated|ended)|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client was closed|Client has encountered a connection error|Cannot use a pool after calling end|driver has already been destroyed)/i;

export function classifyPostgres(error: unknown): Fault | null {
  if (error instanceof pg.DatabaseError) return classifyState(error);
  if (!(error instanceof Error)) return null;
  // The driver tries several addresses of one host and gathers their refusals.
  if ('syscall' in error || error instanceof AggregateError) return { kind: 'away' };
  if (/^The server does not support SSL/i.test(error.message)) return { kind: 'unavailable' };
  return CONNECTION_TROUBLE.test(error.message) ? { kind: 'away' } : null;
}

function classifyState(error: pg.DatabaseError): Fault | null {
  const state = error.code ?? '';
  if (state === UNIQUE_VIOLATION) {
    // Constraints are named <table>_<column>_key or <table>_pkey; the server's message may be translated.
    const column = error.constraint?.slice((error.table?.length ?? 0) + 1).replace(/_?p?key$/, '');
    return { kind: 'taken', field: fieldName(column === undefined || column === '' ? 'id' : column) };
  }
  if (state === FOREIGN_KEY_VIOLATION) return { kind: 'parent_missing' };
  if (state === CHARACTER_NOT_IN_REPERTOIRE) return { kind: 'unstorable_text' };
  if (state === DISK_FULL) return { kind: 'away', why: 'full' };
  if (state === READ_ONLY_TRANSACTION) return { kind: 'away', why: 'read_only' };
  if (AWAY.test(state)) return { kind: 'away' };
  return UNAVAILABLE.test(state) ? { kind: 'unavailable' } : null;
}
