// A copy of an embedded database as it was at one moment, made while others write to it, and what can be said of
// such a copy by itself. It is an ordinary SQLite database with one table more, which says when it was made.

import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { ChatelaineError } from '../../errors.ts';
import { MIGRATIONS_TABLE } from './migrate.ts';
import { migrationsFor } from './migrations/index.ts';
import { classifySqlite } from './sqlite-faults.ts';

/** In a backup alone. */
const BACKUP_TABLE = 'chatelaine_backup';
/** A commit of another process is over sooner. */
const BUSY_MS = 10_000;

/** `madeAt` in milliseconds since the epoch; null of a copy that was made by other means. */
export type SnapshotFacts = { readonly madeAt: number | null; readonly version: string | null };

/**
 * Writes what `file` holds into the new file `target`, readable by its owner alone. VACUUM INTO reads in one
 * transaction, which in WAL mode neither waits for writers nor holds them up, and brings no deleted content along.
 * The original is only read: not even its schema is brought up to date.
 *
 * @throws store_unavailable, not_found when there is no such database, conflict when there is something at `target`
 */
export function takeSnapshot(file: string, target: string): void {
  if (!existsSync(file)) throw new ChatelaineError('not_found', `There is no database at ${file}.`);
  translated(target, () => {
    // Exclusive, and before SQLite, which would make it readable by others.
    closeSync(openSync(target, 'wx', 0o600));
    using(file, { readOnly: true }, (database) => database.prepare('vacuum into ?').run(target));
  });
}

/** Says in the copy itself when and by what it was made, and leaves it as one file. */
export function sealSnapshot(file: string, facts: { readonly madeAt: number; readonly version: string }): void {
  translated(file, () =>
    using(file, {}, (database) => {
      database.exec('pragma journal_mode = delete');
      database.exec(`create table ${BACKUP_TABLE} (made_at integer not null, version text not null)`);
      database.prepare(`insert into ${BACKUP_TABLE} values (?, ?)`).run(facts.madeAt, facts.version);
    }),
  );
}

/** What the copy says of itself; it forgets that, for it is to be a database again. */
export function unsealSnapshot(file: string): SnapshotFacts {
  return translated(file, () =>
    using(file, {}, (database) => {
      if (!tables(database).includes(BACKUP_TABLE)) return { madeAt: null, version: null };
      const row = database.prepare(`select made_at, version from ${BACKUP_TABLE}`).get();
      database.exec(`drop table ${BACKUP_TABLE}`);
      return { madeAt: Number(row?.made_at), version: String(row?.version) };
    }),
  );
}

/**
 * Reads every page of the database and compares indexes and references with rows.
 *
 * @returns its newest migration, and whether that is the present schema
 * @throws store_unavailable when it is damaged, or no database of Chatelaine
 */
export function examineSnapshot(file: string): { readonly schema: string; readonly isPresent: boolean } {
  return translated(file, () =>
    using(file, { readOnly: true }, (database) => {
      const damage = database.prepare('pragma integrity_check').all()[0]?.integrity_check;
      if (damage !== 'ok') throw unusable(file, `is damaged (${String(damage)})`);
      if (database.prepare('pragma foreign_key_check').all().length > 0) {
        throw unusable(file, 'is damaged (rows refer to others that are not there)');
      }
      if (!tables(database).includes(MIGRATIONS_TABLE)) throw unusable(file, 'is not a database of Chatelaine');
      const rows = database.prepare(`select name from ${MIGRATIONS_TABLE} order by name`).all();
      const names = rows.map(({ name }) => String(name));
      const present = Object.keys(migrationsFor('sqlite'));
      return { schema: names.at(-1) ?? 'none', isPresent: names.join() === present.join() };
    }),
  );
}

function tables(database: DatabaseSync): string[] {
  const rows = database.prepare("select name from sqlite_schema where type = 'table'").all();
  return rows.map(({ name }) => String(name));
}

function using<T>(file: string, options: { readonly readOnly?: boolean }, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file, { timeout: BUSY_MS, ...options });
  try {
    database.exec('pragma secure_delete = on');
    return use(database);
  } finally {
    database.close();
  }
}

function translated<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new ChatelaineError('conflict', `${file} is there already and is never overwritten.`, { cause: error });
    }
    if (error instanceof ChatelaineError || classifySqlite(error)?.kind !== 'unavailable') throw error;
    // The system's or SQLite's own words: "no such file or directory", "file is not a database", "disk is full".
    const why = error instanceof Error ? error.message.replace(/, \w+ '.*$/, '') : String(error);
    throw new ChatelaineError('store_unavailable', `${file} cannot be used: ${why}.`, { cause: error });
  }
}

function unusable(file: string, what: string): ChatelaineError {
  return new ChatelaineError('store_unavailable', `${file} ${what}; take another backup.`);
}
