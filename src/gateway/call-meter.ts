// Measures one call for the call log: times, sizes, credential, outcome. What an answer that is passed through
// unread says is `answer-outcome.ts`'s to tell; arguments and results are kept by `call-capture.ts` alone, for
// connectors that want it.

import type { ResolvedCredential } from '../hub/access-token.ts';
import type { CallEntry } from '../hub/call-log.ts';
import { createAnswerGlance } from './answer-outcome.ts';
import type { CallCapture } from './call-capture.ts';
import type { RequestTrace } from './request-trace.ts';

export type CallMeter = {
  /** The credential that the server is about to see. */
  carries(resolved: ResolvedCredential): void;
  /** Around the time in which the server is waited for. */
  waits<T>(work: Promise<T>): Promise<T>;
  /** The same, from now until the function that it answers is called. */
  waitsOn(): () => void;
  /** An answer that was made here. */
  sent(text: string): void;
  /** A piece of an answer that is passed through. */
  passed(chunk: Uint8Array): void;
  /**
   * Writes the entry; only the first call counts.
   *
   * @param isFault whether the server failed, rather than refused
   */
  ends(outcome?: CallEntry['outcome'], errorCode?: string | null, isFault?: boolean): void;
};

export function createCallMeter(
  entry: Omit<
    CallEntry,
    'credentialId' | 'generation' | 'outcome' | 'errorCode' | 'gatewayMs' | 'upstreamMs' | 'bytesOut'
  >,
  clock: () => number,
  record: (entry: CallEntry, isFault: boolean) => void,
  capture: CallCapture | null = null,
  trace?: RequestTrace,
): CallMeter {
  const startedAt = clock();
  const glance = createAnswerGlance();
  let credential: ResolvedCredential | null = null;
  let upstreamMs = 0;
  let bytesOut = 0;
  let isOver = false;

  const waitsOn = (): (() => void) => {
    const from = clock();
    return () => {
      upstreamMs += clock() - from;
    };
  };

  return {
    carries(resolved) {
      credential = resolved;
      capture?.carries(resolved);
      trace?.asks();
    },
    async waits(work) {
      const waited = waitsOn();
      try {
        return await work;
      } finally {
        waited();
      }
    },
    waitsOn,
    sent(text) {
      bytesOut += text.length;
      capture?.sent(text);
    },
    passed(chunk) {
      bytesOut += chunk.byteLength;
      capture?.passed(chunk);
      glance.passed(chunk);
    },
    ends(outcome, errorCode = null, isFault = false) {
      if (isOver) return;
      isOver = true;
      const finished = {
        ...entry,
        credentialId: credential?.credentialId ?? null,
        generation: credential?.generation ?? 0,
        outcome: outcome ?? glance.outcome(),
        errorCode,
        gatewayMs: Math.max(0, clock() - startedAt - upstreamMs),
        upstreamMs,
        bytesOut,
        capture: capture?.end(),
      };
      trace?.ends(finished);
      // Before a credential was ready, it was not the server that failed.
      record(finished, isFault && credential !== null);
    },
  };
}
