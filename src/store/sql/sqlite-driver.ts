// Kysely's driver for Node's own SQLite. One connection, on which Kysely queues whole transactions
// (`supportsMultipleConnections` is false), prepared statements kept, and busy waits that do not block
// the event loop. What the settings promise is said beside each.

import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, Kysely, QueryResult } from 'kysely';
import { CompiledQuery as Compiled, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import { isBusy } from './sqlite-faults.ts';
import { heldFile } from './sqlite-file.ts';

/** Another process may hold the write lock this long before we give up. */
const BUSY_DEADLINE_MS = 10_000;
/** SQLite's own wait blocks the whole process, so it only bridges another process's commit. */
const BUSY_BLOCKING_MS = 5;
const BUSY_PAUSE_MS = 20;
const STATEMENTS_KEPT = 250;
/** Statements that change nothing. */
const READS = /^\s*(?:select|pragma)\b/i;

const SETTINGS = [
  // Readers go on while one process writes.
  'pragma journal_mode = wal',
  // Each commit is flushed to the disk. NORMAL would survive kill -9 but not power loss, and a rotated
  // refresh token lost that way is a connection lost: the provider knows the old one as used.
  'pragma synchronous = full',
  // The same promise on macOS, where a plain fsync stops at the drive's cache.
  'pragma fullfsync = on',
  'pragma foreign_keys = on',
  // A deleted ciphertext is overwritten, not left in a free page.
  'pragma secure_delete = on',
  // Lets the planner know how selective an index is, from a bounded sample, where it does not know yet.
  'pragma optimize = 0x10002',
];

/** The dialect over one database file, which is created for its owner alone when absent. */
export function nodeSqliteDialect(file: string): Dialect {
  return {
    createDriver: () => new NodeSqliteDriver(file),
    createAdapter: () => new NodeSqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
  };
}

class NodeSqliteAdapter extends SqliteAdapter {
  /** SQLite does have it; so a migration is done whole or not at all, and two processes take turns. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class NodeSqliteDriver implements Driver {
  readonly #file: string;
  #connection: NodeSqliteConnection | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  async init(): Promise<void> {
    if (this.#file !== ':memory:') {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      // SQLite gives its -wal and -shm files the mode of the database.
      closeSync(openSync(this.#file, 'a', 0o600));
    }
    const database = new DatabaseSync(this.#file, { timeout: BUSY_BLOCKING_MS });
    const connection = new NodeSqliteConnection(database, this.#file === ':memory:' ? null : heldFile(this.#file));
    try {
      for (const setting of SETTINGS) await connection.executeQuery(Compiled.raw(setting));
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#connection = connection;
  }

  async acquireConnection(): Promise<NodeSqliteConnection> {
    if (this.#connection === null) throw new Error('database is not open');
    return this.#connection;
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // IMMEDIATE takes the write lock at once. A deferred transaction that reads first and writes later
    // fails without remedy when another process wrote in between.
    await connection.executeQuery(Compiled.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(Compiled.raw('commit'));
  }

  async rollbackTransaction(connection: NodeSqliteConnection): Promise<void> {
    // A full disk or an I/O error has rolled back already; a second time would hide the cause.
    if (connection.isInTransaction) await connection.executeQuery(Compiled.raw('rollback'));
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#connection?.close();
    this.#connection = null;
  }
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #checkFile: (() => void) | null;
  /** In order of use, the longest unused first. */
  readonly #statements = new Map<string, { statement: StatementSync; answersRows: boolean; begins: boolean }>();

  constructor(database: DatabaseSync, checkFile: (() => void) | null) {
    this.#database = database;
    this.#checkFile = checkFile;
  }

  get isInTransaction(): boolean {
    return this.#database.isTransaction;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const deadline = performance.now() + BUSY_DEADLINE_MS;
    for (;;) {
      try {
        return this.#execute<R>(query);
      } catch (error) {
        // A statement that met a lock has done nothing, so it may be repeated.
        if (!isBusy(error) || performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * BUSY_PAUSE_MS));
      }
    }
  }

  // biome-ignore lint/correctness/useYield: the interface asks for a generator; nothing here streams.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('queries are not streamed');
  }

  #execute<R>(query: CompiledQuery): QueryResult<R> {
    const { statement, answersRows, begins } = this.#prepare(query.sql);
    // Before a change begins; one that is under way ends as it would.
    if (begins && !this.#database.isTransaction) this.#checkFile?.();
    const values = query.parameters as readonly SQLInputValue[];
    if (answersRows) return { rows: statement.all(...values) as R[] };
    return { rows: [], numAffectedRows: BigInt(statement.run(...values).changes) };
  }

  #prepare(sql: string) {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const statement = this.#database.prepare(sql);
    const answersRows = statement.columns().length > 0;
    const prepared = { statement, answersRows, begins: !READS.test(sql) };
    this.#statements.set(sql, prepared);
    const [oldest] = this.#statements.keys();
    if (this.#statements.size > STATEMENTS_KEPT && oldest !== undefined) this.#statements.delete(oldest);
    return prepared;
  }
}
