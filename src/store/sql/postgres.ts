// The store in PostgreSQL. Every wait is bounded: for a connection, for a lock, for a statement, and for
// a server that vanished without closing its sockets. Each process has one pool.

import { CamelCasePlugin, CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { ChatelaineError } from '../../errors.ts';
import type { Store } from '../store.ts';
import { assembleStore } from './assemble.ts';
import { translateFault } from './faults.ts';
import { migrateToLatest, verifyMigrations } from './migrate.ts';
import { classifyPostgres } from './postgres-faults.ts';
import type { Database, Db } from './schema.ts';
import type { Trx } from './transaction.ts';

const MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 30_000;
/** The longest statement, saving the listing of 10,000 tools, takes well under a second. */
const STATEMENT_TIMEOUT_MS = 15_000;
/** A little more than the server's own limit, so that it is only reached when the server is silent. */
const SILENCE_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
/** A migration may rebuild a large table, or wait for another process that does. */
const MIGRATION_TIMEOUT_MS = 30 * 60_000;

type PostgresOptions = { readonly maxConnections?: number };

/**
 * Opens the database of `url` and runs the migrations that it lacks. The database, or the schema that
 * the user's search path begins with, is Chatelaine's own.
 *
 * @throws invalid_settings for a URL that is none, store_unavailable
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<Store> {
  if (!URL.canParse(url)) {
    throw new ChatelaineError(
      'invalid_settings',
      'The database URL cannot be read; write postgres://user:password@host/database.',
    );
  }
  const db = connect(url, options.maxConnections ?? MAX_CONNECTIONS, STATEMENT_TIMEOUT_MS, SILENCE_TIMEOUT_MS);
  const migrating = connect(url, 1, MIGRATION_TIMEOUT_MS, MIGRATION_TIMEOUT_MS);
  try {
    await migrateToLatest(migrating, 'postgres');
    await verifyMigrations(db, 'postgres');
  } catch (error) {
    await db.destroy().catch(() => undefined);
    throw translateFault(error, classifyPostgres);
  } finally {
    await migrating.destroy().catch(() => undefined);
  }
  return assembleStore(db, 'postgres', classifyPostgres);
}

/**
 * Runs `run` in one transaction that may last, on a connection of its own.
 *
 * @throws store_unavailable; what `run` throws, and then nothing was done
 */
export async function inLongTransaction<T>(url: string, run: (trx: Trx) => Promise<T>): Promise<T> {
  const db = connect(url, 1, MIGRATION_TIMEOUT_MS, MIGRATION_TIMEOUT_MS);
  try {
    return await db.transaction().execute(run);
  } catch (error) {
    throw translateFault(error, classifyPostgres);
  } finally {
    await db.destroy().catch(() => undefined);
  }
}

function connect(url: string, maxConnections: number, statementTimeoutMs: number, silenceTimeoutMs: number): Db {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'chatelaine',
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    keepAlive: true,
    query_timeout: silenceTimeoutMs,
    types: { getTypeParser },
    Client: ImpatientClient,
  });
  // The pool drops a connection that breaks; without listeners the process would die of it. Whoever
  // used the connection gets the error of his own statement.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Database>({
    dialect: new PostgresDialect({
      pool,
      async onCreateConnection(connection) {
        await connection.executeQuery(CompiledQuery.raw(SESSION_SETTINGS, [String(statementTimeoutMs)]));
      },
    }),
    plugins: [new CamelCasePlugin()],
  });
}

// A statement and not startup parameters, which connection poolers refuse. A commit that was answered
// must be on the disk: a rotated refresh token that is lost takes the connection with it.
const SESSION_SETTINGS = `
  select set_config('statement_timeout', $1, false),
         set_config('lock_timeout', $1, false),
         set_config('idle_in_transaction_session_timeout', $1, false),
         case when current_setting('synchronous_commit') = 'off'
              then set_config('synchronous_commit', 'on', false) end`;

/** bigint as a number: every one of ours is a time or a count, far below 2^53. */
function getTypeParser(type: number, format?: 'text' | 'binary') {
  return type === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(type, format);
}

/**
 * Closes its connection when that is of no use any more, so that the pool makes a new one: a statement
 * was not answered in time, and every other would wait behind it, or the server said that it hangs up.
 */
class ImpatientClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    const query = this.query.bind(this) as (...values: unknown[]) => unknown;
    const watched = (...values: unknown[]): unknown => {
      const answer = query(...values);
      if (!(answer instanceof Promise)) return answer;
      return answer.catch((error: unknown) => {
        if (isLastWord(error)) this.end().catch(() => undefined);
        throw error;
      });
    };
    this.query = watched as typeof this.query;
  }
}

function isLastWord(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return error.severity === 'FATAL' || error.severity === 'PANIC';
  return error instanceof Error && error.message === 'Query read timeout';
}
