// What the errors of node:sqlite mean. `errcode` is SQLite's extended result code; its low byte is the
// primary one. @see https://www.sqlite.org/rescode.html

import type { Fault } from './faults.ts';
import { fieldName } from './faults.ts';
import { FileGoneError } from './sqlite-file.ts';

const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const FULL = 13;
const CONSTRAINT = 19;
const CONSTRAINT_FOREIGN_KEY = 787;
const CONSTRAINT_PRIMARY_KEY = 1555;
const CONSTRAINT_UNIQUE = 2067;
/** PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB. */
const UNAVAILABLE = new Set([3, BUSY, LOCKED, 7, READONLY, 9, 10, 11, FULL, 14, 15, 26]);

/** Another connection holds a lock; nothing was done. */
export function isBusy(error: unknown): boolean {
  const primary = codeOf(error) & 0xff;
  return primary === BUSY || primary === LOCKED;
}

export function classifySqlite(error: unknown): Fault | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof FileGoneError) return { kind: 'unavailable', why: 'gone' };
  const code = codeOf(error);
  if (code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARY_KEY) {
    // "UNIQUE constraint failed: agents.name"
    return { kind: 'taken', field: fieldName(/failed: \w+\.(\w+)/.exec(error.message)?.[1] ?? 'id') };
  }
  if (code === CONSTRAINT_FOREIGN_KEY) return { kind: 'parent_missing' };
  if ((code & 0xff) === CONSTRAINT) return null;
  const system = 'code' in error ? error.code : null;
  if ((code & 0xff) === FULL || system === 'ENOSPC' || system === 'EDQUOT') return { kind: 'unavailable', why: 'full' };
  if ((code & 0xff) === READONLY || system === 'EROFS') return { kind: 'unavailable', why: 'read_only' };
  if (UNAVAILABLE.has(code & 0xff)) return { kind: 'unavailable' };
  if (/database is not open|driver has already been destroyed/.test(error.message)) return { kind: 'unavailable' };
  // The file or its folder cannot be made or read.
  if ('syscall' in error) return { kind: 'unavailable' };
  return null;
}

function codeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0;
}
