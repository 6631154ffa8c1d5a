// Keeps what a call asked and what it was answered, for connectors that want it in their call log: a bounded
// copy of the bytes that pass through, looked at when the call is over, and nothing of it but what `redact.ts`
// lets through.

import type { ResolvedCredential } from '../hub/access-token.ts';
import { type CapturedText, captured, LEFT_OUT } from '../hub/redact.ts';
import type { CapturedCall } from '../hub/sealed-values.ts';
import { CAPTURE_READ_MAX_BYTES } from '../limits.ts';
import { isObject, parseExact } from '../mcp/json.ts';

/** Shorter values would be found where they are not meant. */
const SECRET_MIN_CHARACTERS = 6;
const SCHEME = /^[A-Za-z-]+ +/;

export type CallCapture = {
  /** A credential that the server saw; it is in nothing that is kept. */
  carries(resolved: ResolvedCredential): void;
  /** A piece of an answer, passed on unread. */
  passed(chunk: Uint8Array): void;
  /** An answer that was made here. */
  sent(text: string): void;
  end(): CapturedCall;
};

/** @param given the arguments of the call */
export function createCallCapture(given: unknown): CallCapture {
  const secrets = new Set<string>();
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  let isWhole = true;
  return {
    carries({ headers }) {
      for (const value of Object.values(headers))
        for (const secret of [value, value.replace(SCHEME, '')])
          if (secret.length >= SECRET_MIN_CHARACTERS) secrets.add(secret);
    },
    passed(chunk) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      // Of a stream the end counts: the answer is the last thing that it says.
      while (bytes > CAPTURE_READ_MAX_BYTES) {
        bytes -= chunks.shift()?.byteLength ?? 0;
        isWhole = false;
      }
    },
    sent(text) {
      this.passed(new TextEncoder().encode(text));
    },
    end() {
      const known = [...secrets].sort((a, b) => b.length - a.length);
      const asked = given === undefined ? null : captured(given, known);
      const result = isWhole && bytes === 0 ? null : answerIn(textOf(chunks, bytes), isWhole, known);
      chunks = [];
      return { arguments: asked, result };
    },
  };
}

function textOf(chunks: readonly Uint8Array[], bytes: number): string {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return new TextDecoder().decode(whole);
}

/** The result or the error of the last answer in `text`, JSON or an event stream. */
function answerIn(text: string, isWhole: boolean, secrets: readonly string[]): CapturedText {
  const messages = text.trimStart().startsWith('{') ? (isWhole ? [text] : []) : dataIn(text, isWhole);
  for (const message of messages.toReversed()) {
    const said = parsed(message);
    const answer = isObject(said) ? (said.result ?? said.error) : undefined;
    if (answer !== undefined) return captured(answer, secrets);
  }
  return LEFT_OUT;
}

/** The data of the events; of a stream whose beginning is gone, the first may be a part of one. */
function dataIn(text: string, isWhole: boolean): string[] {
  const events = text.replaceAll(/\r\n?/g, '\n').split('\n\n');
  return events.slice(isWhole ? 0 : 1).map((event) =>
    event
      .split('\n')
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5))
      .join('\n'),
  );
}

function parsed(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}
