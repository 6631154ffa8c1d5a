// One server at a time on an embedded database. The lock is SQLite's own on an empty database beside it: the
// system takes it from a process that dies, however it dies, so that none is ever left behind. The command
// line does not ask for it: it works beside a running server.

import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ChatelaineError } from '../errors.ts';

const LOCK_FILE = 'serving.lock';
const BUSY = 5;
const REASONS: Readonly<Record<string, string>> = {
  EROFS: 'its disk is read-only',
  EACCES: 'this user may not write there',
  ENOSPC: 'the disk is full',
};

export type ServingLock = { release(): void };

/**
 * Takes the data folder for this process until it is released or the process ends.
 *
 * @throws invalid_settings while another server has it, store_unavailable where the folder cannot be written
 */
export function takeServingLock(folder: string): ServingLock {
  const file = join(folder, LOCK_FILE);
  let database: DatabaseSync | null = null;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('begin exclusive');
  } catch (error) {
    database?.close();
    throw refusal(folder, error);
  }
  const held = database;
  return { release: () => held.close() };
}

function refusal(folder: string, error: unknown): ChatelaineError {
  const busy = error instanceof Error && 'errcode' in error && error.errcode === BUSY;
  if (busy) {
    return new ChatelaineError(
      'invalid_settings',
      `CHATELAINE_DATA: another server is running on ${folder}; stop it first, or give this one a folder of its own. Several servers share one database with CHATELAINE_DATABASE_URL=postgres://….`,
      { cause: error },
    );
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why = REASONS[code] ?? 'check owner, mode and free space of the folder, which must be on a local disk';
  return new ChatelaineError(
    'store_unavailable',
    `CHATELAINE_DATA: ${join(folder, LOCK_FILE)} cannot be made or locked: ${why}.`,
    { cause: error },
  );
}
