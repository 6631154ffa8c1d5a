// The call log: calls are taken into a bounded queue and written in batches, off the path of the calls. A
// database that fails is tried again with the same batch, which it takes once; meanwhile the queue keeps what
// fits, and what comes beyond is dropped and counted. Never arguments or results, unless a connector wants them
// kept; then they are sealed before they go to the store.

import { isChatelaineError } from '../errors.ts';
import { CALL_BATCH_MAX, CALL_FLUSH_MS, CALL_QUEUE_MAX, CALL_RETRY_MS, CAPTURE_QUEUE_MAX } from '../limits.ts';
import type { CallCaptureRecord, CallRecord } from '../store/records.ts';
import type { CallStore, ConnectorStore } from '../store/store.ts';
import type { Vault } from '../vault/seal.ts';
import { hoursOf } from './call-hours.ts';
import type { Log } from './context.ts';
import { idMaker } from './ids.ts';
import type { HubMeter } from './meter.ts';
import { type CapturedCall, sealCapture } from './sealed-values.ts';

const KEYS_KEPT_MAX = 10_000;
const METHOD_MAX_CHARACTERS = 100;
const NO_CONNECTOR = 'unknown';

/** One call; times in milliseconds, fractions welcome. */
export type CallEntry = Omit<CallRecord, 'id' | 'gatewayMicros' | 'upstreamMicros'> & {
  readonly gatewayMs: number;
  /** 0 when no server was asked. */
  readonly upstreamMs: number;
  /** Redacted already. */
  readonly capture?: CapturedCall | undefined;
};

export type CallLog = {
  /** Never blocks, never throws. */
  record(entry: CallEntry): void;
  /** Calls that wait to be written. */
  queued(): number;
  /** Writes what waits; a database that fails now loses it. */
  close(): Promise<void>;
};

type Parts = {
  readonly store: { readonly calls: CallStore; readonly connectors: Pick<ConnectorStore, 'get'> };
  readonly vault: Pick<Vault, 'seal'>;
  readonly meter: HubMeter;
  readonly log: Log;
};

export function createCallLog({ store, vault, meter, log }: Parts): CallLog {
  const connectorKeys = new Map<string, string>();
  const idAt = idMaker('cal');
  let queue: CallEntry[] = [];
  let batch: readonly CallRecord[] = [];
  let captures: readonly CallCaptureRecord[] = [];
  /** In the queue, with what was captured of them. */
  let captured = 0;
  let dropped = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isUrgent = false;
  let running: Promise<boolean> | null = null;
  let isClosed = false;

  const schedule = (milliseconds: number): void => {
    if (isClosed || running !== null) return;
    if (timer !== null) clearTimeout(timer);
    isUrgent = milliseconds === 0;
    timer = setTimeout(() => {
      timer = null;
      void write();
    }, milliseconds);
    timer.unref();
  };

  const write = (): Promise<boolean> => {
    running ??= writeBatch().then((wrote) => {
      running = null;
      if (!wrote) schedule(CALL_RETRY_MS);
      else if (queue.length > 0) schedule(queue.length >= CALL_BATCH_MAX ? 0 : CALL_FLUSH_MS);
      return wrote;
    });
    return running;
  };

  const writeBatch = async (): Promise<boolean> => {
    try {
      if (batch.length === 0) {
        const entries = queue.slice(0, CALL_BATCH_MAX);
        queue = queue.slice(CALL_BATCH_MAX);
        batch = entries.map((entry) => recordOf(entry, idAt));
        captures = await sealAll(entries, batch);
        const keys = new Map<string, string>();
        for (const { connectorId } of entries)
          if (!keys.has(connectorId)) keys.set(connectorId, await connectorKey(connectorId));
        meter.calls(
          entries.map(({ connectorId, outcome, gatewayMs, upstreamMs }) => ({
            connectorKey: keys.get(connectorId) ?? NO_CONNECTOR,
            outcome,
            gatewayMs,
            upstreamMs,
          })),
        );
      }
      await store.calls.append(batch, hoursOf(batch), captures);
      batch = [];
      captures = [];
      if (dropped > 0) log.warn({ dropped }, 'the call log had no room for some calls');
      dropped = 0;
      return true;
    } catch (error) {
      if (!isChatelaineError(error, 'store_unavailable')) {
        // The same batch would fail for ever, and every later one wait behind it.
        log.error({ err: error, lost: batch.length }, 'calls could not be logged');
        meter.callsDropped(batch.length);
        batch = [];
        captures = [];
        return true;
      }
      log.warn({ err: error, waiting: queue.length + batch.length }, 'calls could not be logged; they are kept');
      return false;
    }
  };

  const sealAll = async (
    entries: readonly CallEntry[],
    records: readonly CallRecord[],
  ): Promise<readonly CallCaptureRecord[]> => {
    if (captured === 0) return [];
    const sealed: CallCaptureRecord[] = [];
    for (const [at, { capture }] of entries.entries()) {
      const id = records[at]?.id;
      if (capture === undefined || id === undefined) continue;
      captured -= 1;
      try {
        sealed.push({ id, sealed: await sealCapture(vault, capture, id) });
      } catch (error) {
        // The call itself is logged all the same.
        log.warn({ err: error, callId: id }, 'what was captured of a call could not be sealed');
      }
    }
    return sealed;
  };

  const connectorKey = async (id: string): Promise<string> => {
    const known = connectorKeys.get(id);
    if (known !== undefined) return known;
    const key = await store.connectors.get(id).then(
      (connector) => connector?.key ?? NO_CONNECTOR,
      () => null,
    );
    if (key === null) return NO_CONNECTOR;
    if (connectorKeys.size >= KEYS_KEPT_MAX) connectorKeys.clear();
    connectorKeys.set(id, key);
    return key;
  };

  return {
    record(entry) {
      if (isClosed || queue.length + batch.length >= CALL_QUEUE_MAX) {
        dropped += 1;
        meter.callsDropped(1);
        return;
      }
      queue.push(
        entry.capture !== undefined && captured >= CAPTURE_QUEUE_MAX ? { ...entry, capture: undefined } : entry,
      );
      if (queue.at(-1)?.capture !== undefined) captured += 1;
      if (timer === null) schedule(CALL_FLUSH_MS);
      else if (!isUrgent && batch.length === 0 && queue.length >= CALL_BATCH_MAX) schedule(0);
    },
    queued: () => queue.length + batch.length,
    async close() {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      await running;
      while (queue.length + batch.length > 0) if (!(await write())) break;
      const lost = queue.length + batch.length;
      if (lost > 0) log.error({ lost }, 'calls were lost at the end, because the database did not take them');
    },
  };
}

function recordOf(entry: CallEntry, idAt: (at: number) => string): CallRecord {
  const { gatewayMs, upstreamMs, capture: _, ...rest } = entry;
  const at = Math.floor(entry.at);
  return {
    ...rest,
    id: idAt(at),
    at,
    method: storable(entry.method),
    gatewayMicros: Math.round(gatewayMs * 1000),
    upstreamMicros: Math.round(upstreamMs * 1000),
  };
}

/** A method is the agent's own word; PostgreSQL stores no NUL and no half of a surrogate pair. */
const storable = (text: string): string => text.slice(0, METHOD_MAX_CHARACTERS).replaceAll('\0', '').toWellFormed();
