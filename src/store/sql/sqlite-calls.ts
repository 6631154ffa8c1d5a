// Writes the call log of an embedded database: prepared statements in one short transaction that never waits
// in the middle, on a connection of its own. It does not wait for the disk at each commit either: a crash of
// the process loses nothing, one of the machine the last moments of this log, and nothing else.

import type { StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import type { CallCaptureRecord, CallHourRecord, CallRecord } from '../records.ts';
import type { CallStore } from '../store.ts';
import { isBusy } from './sqlite-faults.ts';
import { heldFile } from './sqlite-file.ts';

const BUSY_DEADLINE_MS = 10_000;
const BUSY_PAUSE_MS = 20;
/** 32 MiB of log beside the database. */
const CHECKPOINT_PAGES = 8_000;

/** Each field has its column; one that is forgotten does not compile. */
const CALL_FIELDS = Object.keys({
  id: true,
  at: true,
  agentId: true,
  keyId: true,
  connectorId: true,
  toolName: true,
  method: true,
  credentialId: true,
  generation: true,
  toolDigest: true,
  outcome: true,
  errorCode: true,
  gatewayMicros: true,
  upstreamMicros: true,
  bytesIn: true,
  bytesOut: true,
  era: true,
} satisfies Record<keyof CallRecord, true>) as (keyof CallRecord)[];

const HOUR_FIELDS = Object.keys({
  hour: true,
  agentId: true,
  connectorId: true,
  toolName: true,
  measure: true,
  bucket: true,
  calls: true,
  errors: true,
} satisfies Record<keyof CallHourRecord, true>) as (keyof CallHourRecord)[];

const INSERT_CALL = `insert into calls (${columns(CALL_FIELDS)}) values (${places(CALL_FIELDS)}) on conflict (id) do nothing`;
const INSERT_CAPTURE = 'insert into call_captures (id, sealed) values (?, ?) on conflict (id) do nothing';
const ADD_TO_HOUR = `insert into call_hours (${columns(HOUR_FIELDS)}) values (${places(HOUR_FIELDS)})
  on conflict (hour, agent_id, connector_id, tool_name, measure, bucket)
  do update set calls = calls + excluded.calls, errors = errors + excluded.errors`;

export type CallWriter = Pick<CallStore, 'append'> & {
  /** Whether the file is still the one at its path. @throws FileGoneError */
  checkFile(): void;
  close(): void;
};

/** @param file an existing database with the present schema */
export function sqliteCallWriter(file: string): CallWriter {
  // No waiting inside SQLite, which would hold up the whole process.
  const database = new DatabaseSync(file, { timeout: 0 });
  const checkFile = heldFile(file);
  database.exec('pragma synchronous = normal');
  // The same pages change again and again; the longer they wait to be copied, the fewer copies there are.
  database.exec(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  let statements: { readonly [name in 'call' | 'capture' | 'hour']: StatementSync } | null = null;

  const write = (
    calls: readonly CallRecord[],
    hours: readonly CallHourRecord[],
    captures: readonly CallCaptureRecord[],
  ): void => {
    statements ??= {
      call: database.prepare(INSERT_CALL),
      capture: database.prepare(INSERT_CAPTURE),
      hour: database.prepare(ADD_TO_HOUR),
    };
    checkFile();
    database.exec('begin immediate');
    try {
      let written = 0;
      for (const call of calls)
        written += Number(statements.call.run(...CALL_FIELDS.map((field) => call[field])).changes);
      for (const { id, sealed } of captures) statements.capture.run(id, sealed);
      // A writer that did not hear of its success comes again with the same calls.
      if (written > 0) for (const hour of hours) statements.hour.run(...HOUR_FIELDS.map((field) => hour[field]));
      database.exec('commit');
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      throw error;
    }
  };

  return {
    async append(calls, hours, captures) {
      const deadline = performance.now() + BUSY_DEADLINE_MS;
      while (calls.length > 0) {
        try {
          return write(calls, hours, captures);
        } catch (error) {
          if (!isBusy(error) || performance.now() > deadline) throw error;
          await new Promise((resolve) => setTimeout(resolve, Math.random() * BUSY_PAUSE_MS));
        }
      }
    },
    checkFile,
    close: () => database.close(),
  };
}

function columns(fields: readonly string[]): string {
  return fields.map((field) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)).join(', ');
}

function places(fields: readonly string[]): string {
  return fields.map(() => '?').join(', ');
}
