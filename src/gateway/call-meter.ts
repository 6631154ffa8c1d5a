// Measures one call for the call log: times, sizes, credential, outcome. Never sees arguments or results; of
// an answer that is passed through unread it looks at a few hundred bytes at both ends, where an error shows.

import type { ResolvedCredential } from '../hub/access-token.ts';
import type { CallEntry } from '../hub/call-log.ts';

const GLANCE_BYTES = 512;

export type CallMeter = {
  /** The credential that the server is about to see. */
  carries(resolved: ResolvedCredential): void;
  /** Around the time in which the server is waited for. */
  waits<T>(work: Promise<T>): Promise<T>;
  /** The same, from now until the function that it answers is called. */
  waitsOn(): () => void;
  sent(bytes: number): void;
  /** A piece of an answer that is passed through. */
  passed(chunk: Uint8Array): void;
  /** Writes the entry; only the first call counts. */
  ends(outcome?: CallEntry['outcome'], errorCode?: string | null): void;
};

export function createCallMeter(
  entry: Omit<
    CallEntry,
    'credentialId' | 'generation' | 'outcome' | 'errorCode' | 'gatewayMs' | 'upstreamMs' | 'bytesOut'
  >,
  clock: () => number,
  record: (entry: CallEntry) => void,
): CallMeter {
  const startedAt = clock();
  const decoder = new TextDecoder();
  let credential: ResolvedCredential | null = null;
  let upstreamMs = 0;
  let bytesOut = 0;
  let head: string | null = null;
  let tail: Uint8Array | null = null;
  let isOver = false;

  const seen = (): CallEntry['outcome'] => {
    const start = head?.split('"result"', 1)[0] ?? '';
    if (/"error"\s*:\s*\{/.test(start)) return 'error';
    if (tail !== null && /"isError"\s*:\s*true/.test(decoder.decode(tail.subarray(-GLANCE_BYTES)))) return 'tool_error';
    return 'ok';
  };

  return {
    carries(resolved) {
      credential = resolved;
    },
    async waits(work) {
      const from = clock();
      try {
        return await work;
      } finally {
        upstreamMs += clock() - from;
      }
    },
    waitsOn() {
      const from = clock();
      return () => {
        upstreamMs += clock() - from;
      };
    },
    sent(bytes) {
      bytesOut += bytes;
    },
    passed(chunk) {
      bytesOut += chunk.byteLength;
      head ??= decoder.decode(chunk.subarray(0, GLANCE_BYTES));
      tail = chunk;
    },
    ends(outcome, errorCode = null) {
      if (isOver) return;
      isOver = true;
      record({
        ...entry,
        credentialId: credential?.credentialId ?? null,
        generation: credential?.generation ?? 0,
        outcome: outcome ?? seen(),
        errorCode,
        gatewayMs: Math.max(0, clock() - startedAt - upstreamMs),
        upstreamMs,
        bytesOut,
      });
    },
  };
}
