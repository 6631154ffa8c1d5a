// Whether an open database is still the one at its path. SQLite goes on writing to files that were deleted or moved
// away, and what is acknowledged then is in a place that nobody opens again.

import { type BigIntStats, statSync } from 'node:fs';

export class FileGoneError extends Error {
  constructor() {
    super('the database file is no longer the one that was opened');
    this.name = 'FileGoneError';
  }
}

/** @returns a check of the files that `file` names now: the database and, from its first write on, its log */
export function heldFile(file: string): () => void {
  const database = identityOf(file);
  let log: string | null = null;
  return () => {
    if (identityOf(file) !== database) throw new FileGoneError();
    const present = identityOf(`${file}-wal`);
    if (log !== null && present !== log) throw new FileGoneError();
    log = present;
  };
}

function identityOf(file: string): string | null {
  const stats: BigIntStats | undefined = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev} ${stats.ino}`;
}
