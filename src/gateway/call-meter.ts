// Measures one call for the call log: times, sizes, credential, outcome. Of an answer that is passed through
// unread it looks at a few hundred bytes at both ends, where an error shows; arguments and results are kept by
// `call-capture.ts` alone, for connectors that want it.

import type { ResolvedCredential } from '../hub/access-token.ts';
import type { CallEntry } from '../hub/call-log.ts';
import type { CallCapture } from './call-capture.ts';
import type { RequestTrace } from './request-trace.ts';

/** Where an error shows: before the result at the beginning, as a flag near the end. */
const GLANCE_BYTES = 512;
const QUOTE = 0x22;
const CAPITAL_E = 0x45;
const RESULT = quoted('result');
const ERROR = quoted('error');
const IS_ERROR = quoted('isError');

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
  let credential: ResolvedCredential | null = null;
  let upstreamMs = 0;
  let bytesOut = 0;
  let head: Uint8Array | null = null;
  let tail: Uint8Array | null = null;
  let isOver = false;

  const waitsOn = (): (() => void) => {
    const from = clock();
    return () => {
      upstreamMs += clock() - from;
    };
  };
  const seen = (): CallEntry['outcome'] => {
    if (head !== null && isErrorMessage(head.subarray(0, GLANCE_BYTES))) return 'error';
    return tail !== null && saysIsError(tail.subarray(-GLANCE_BYTES)) ? 'tool_error' : 'ok';
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
      head ??= chunk;
      tail = chunk;
    },
    ends(outcome, errorCode = null, isFault = false) {
      if (isOver) return;
      isOver = true;
      const finished = {
        ...entry,
        credentialId: credential?.credentialId ?? null,
        generation: credential?.generation ?? 0,
        outcome: outcome ?? seen(),
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

/** Whether a JSON-RPC message begins with an error rather than a result. */
function isErrorMessage(start: Uint8Array): boolean {
  for (let at = start.indexOf(QUOTE); at >= 0; at = start.indexOf(QUOTE, at + 1)) {
    if (startsWith(start, at, RESULT)) return false;
    if (startsWith(start, at, ERROR)) return true;
  }
  return false;
}

/** Whether the result at whose end this is marks itself as an error. */
function saysIsError(end: Uint8Array): boolean {
  // Looked for by its rarest letter, the fourth with the quote in front.
  for (let letter = end.indexOf(CAPITAL_E); letter >= 0; letter = end.indexOf(CAPITAL_E, letter + 1)) {
    const at = letter - 3;
    if (at < 0 || end[at] !== QUOTE || !startsWith(end, at, IS_ERROR)) continue;
    const rest = end.subarray(at + IS_ERROR.length, at + 32);
    if (/^\s*:\s*true/.test(String.fromCharCode(...rest))) return true;
  }
  return false;
}

function startsWith(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  if (at + word.length > bytes.length) return false;
  for (let i = 1; i < word.length; i += 1) if (bytes[at + i] !== word[i]) return false;
  return true;
}

function quoted(word: string): Uint8Array {
  return new TextEncoder().encode(`"${word}"`);
}
