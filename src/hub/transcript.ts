// The transcript: what was asked of a provider, what it answered, what was decided, without a secret.
// One recorder serves one operation; it hands out fetches that write themselves down, and takes notes.

import { TRANSCRIPT_MAX_ENTRIES } from '../limits.ts';
import type { Exchange, FetchLike } from '../outbound.ts';
import type { TranscriptRecord } from '../store/records.ts';
import type { HubContext } from './context.ts';
import { newId } from './ids.ts';

export type Operation =
  | 'probe'
  | 'connect'
  | 'authorize'
  | 'callback'
  | 'refresh'
  | 'revocation'
  | 'registration'
  | 'sync'
  | 'request';

export type TranscriptEntry = Omit<TranscriptRecord, 'id' | 'connectorId' | 'agentId' | 'operationId' | 'operation'>;

export type Recorder = {
  readonly entries: readonly TranscriptEntry[];
  /** A fetch whose requests are written down under `step`. */
  fetch(kind: 'metadata' | 'oauth' | 'mcp', step: string): FetchLike;
  exchange(kind: 'metadata' | 'oauth', step: string): Exchange;
  /** Says what was decided, beside the last request of that step or on a line of its own. */
  note(step: string, decision: string): void;
  /** Saves what was recorded; a failure to do so is logged, never thrown. */
  save(connectorId: string, agentId: string | null): Promise<void>;
};

const DECISION_MAX_CHARACTERS = 500;

export function createRecorder(context: HubContext, operation: Operation): Recorder {
  const entries: TranscriptEntry[] = [];
  let saved = 0;
  const operationId = newId('op', context.now());

  const note = (step: string, decision: string): void => {
    const text = decision.slice(0, DECISION_MAX_CHARACTERS);
    const last = entries.at(-1);
    if (last !== undefined && last.url !== null && last.decision === null && entries.length > saved) {
      entries[entries.length - 1] = { ...last, step, decision: text };
      return;
    }
    entries.push({ at: context.now(), step, method: null, url: null, status: null, durationMs: null, decision: text });
  };

  const fetch = (kind: 'metadata' | 'oauth' | 'mcp', step: string): FetchLike =>
    context.trace(
      context.outbound[kind],
      (request) => {
        entries.push({
          at: context.now(),
          step,
          method: request.method,
          url: request.url,
          status: request.status,
          durationMs: Math.round(request.durationMs),
          decision: request.errorCode,
        });
      },
      context.now,
    );

  return {
    entries,
    note,
    fetch,
    exchange: (kind, step) => ({ fetch: fetch(kind, step), note }),
    async save(connectorId, agentId) {
      const fresh = entries.slice(saved).map((entry) => ({
        ...entry,
        id: newId('trn', context.now()),
        connectorId,
        agentId,
        operationId,
        operation,
      }));
      saved = entries.length;
      if (fresh.length === 0) return;
      // Ids made in one millisecond sort at random; the order within an operation is worth keeping.
      const ids = fresh.map((entry) => entry.id).sort();
      const ordered = fresh.map((entry, index) => ({ ...entry, id: ids[index] ?? entry.id }));
      try {
        await context.store.transcripts.append(ordered, TRANSCRIPT_MAX_ENTRIES);
      } catch (error) {
        context.log.warn({ err: error, connectorId }, 'the transcript of an operation could not be saved');
      }
    },
  };
}
