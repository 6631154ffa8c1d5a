// How an answer that is passed through unread came out: an error, a result that says so of itself, or a good one.
// Told from a few hundred bytes at both ends of a JSON text, where an error shows; of an event stream, from those
// of the last event that is an answer.

import type { CallEntry } from '../hub/call-log.ts';

/** Where an error shows: before the result at the beginning, as a flag near the end. */
const GLANCE_BYTES = 512;
const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const CAPITAL_E = 0x45;
const BRACKET = 0x5b;
const BRACE = 0x7b;
const NOTHING = new Uint8Array(0);
const DATA = bytesOf('data:');
const RESULT = bytesOf('"result"');
const ERROR = bytesOf('"error"');
const IS_ERROR = bytesOf('"isError"');
/** What makes a message anything but an answer. */
const METHOD = bytesOf('"method"');
const PARAMS = bytesOf('"params"');

type Outcome = Extract<CallEntry['outcome'], 'ok' | 'error' | 'tool_error'>;
/** A text of which both ends are kept. */
type Ends = { head: Uint8Array; tail: Uint8Array };

export type AnswerGlance = {
  passed(chunk: Uint8Array): void;
  /** Of what has passed until now. */
  outcome(): Outcome;
};

export function createAnswerGlance(): AnswerGlance {
  const text: Ends = { head: NOTHING, tail: NOTHING };
  let events: AnswerGlance | null = null;
  let isBegun = false;
  return {
    passed(chunk) {
      if (!isBegun) {
        let at = 0;
        while (at < chunk.length && isBlank(chunk[at])) at += 1;
        if (at === chunk.length) return;
        isBegun = true;
        // JSON-RPC messages are objects; no line of an event stream begins like one.
        if (chunk[at] !== BRACE && chunk[at] !== BRACKET) events = createEventGlance();
      }
      if (events === null) keep(text, chunk);
      else events.passed(chunk);
    },
    outcome: () => events?.outcome() ?? outcomeOf(text) ?? 'ok',
  };
}

/** @see the HTML standard, "Parsing an event stream": lines end in LF, CR or both, events in an empty line */
function createEventGlance(): AnswerGlance {
  const event: Ends = { head: NOTHING, tail: NOTHING };
  let last: Outcome | null = null;
  let isLineEmpty = true;
  /** How much of `data:` the line begins with; below zero when it begins otherwise. */
  let matched = 0;
  let isAfterCr = false;

  const takes = (part: Uint8Array): void => {
    if (part.length === 0) return;
    isLineEmpty = false;
    let at = 0;
    while (matched >= 0 && matched < DATA.length && at < part.length) {
      matched = part[at] === DATA[matched] ? matched + 1 : -1;
      at += 1;
    }
    if (matched === DATA.length) keep(event, part.subarray(at));
  };
  const endsLine = (): void => {
    if (isLineEmpty) {
      last = outcomeOf(event) ?? last;
      event.head = event.tail = NOTHING;
    }
    isLineEmpty = true;
    matched = 0;
  };
  return {
    passed(chunk) {
      let at = isAfterCr && chunk[0] === LF ? 1 : 0;
      if (chunk.length > 0) isAfterCr = false;
      let lf = -1;
      let cr = -1;
      while (at < chunk.length) {
        if (lf < at) lf = placeOf(chunk, LF, at);
        if (cr < at) cr = placeOf(chunk, CR, at);
        const end = Math.min(lf, cr);
        takes(chunk.subarray(at, end));
        if (end === chunk.length) return;
        endsLine();
        isAfterCr = end === cr && end + 1 === chunk.length;
        at = end === cr && lf === end + 1 ? end + 2 : end + 1;
      }
    },
    outcome: () => outcomeOf(event) ?? last ?? 'ok',
  };
}

function placeOf(bytes: Uint8Array, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at < 0 ? bytes.length : at;
}

/** Copies only what is short. */
function keep(ends: Ends, bytes: Uint8Array): void {
  if (ends.head.length < GLANCE_BYTES) ends.head = joined(ends.head, bytes.subarray(0, GLANCE_BYTES));
  ends.tail = bytes.length >= GLANCE_BYTES ? bytes : joined(ends.tail.subarray(-GLANCE_BYTES), bytes);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Null when it is no answer, as far as one can see. */
function outcomeOf({ head, tail }: Ends): Outcome | null {
  const member = firstMember(head.subarray(0, GLANCE_BYTES));
  if (member === 'error') return 'error';
  if (member === 'asking') return null;
  if (saysIsError(tail.subarray(-GLANCE_BYTES))) return 'tool_error';
  return member === null ? null : 'ok';
}

/** What the message at whose beginning this is turns out to be. */
function firstMember(start: Uint8Array): 'result' | 'error' | 'asking' | null {
  let at = start.indexOf(QUOTE);
  while (at >= 0) {
    if (isMember(start, at, RESULT)) return 'result';
    if (isMember(start, at, ERROR)) return 'error';
    if (isMember(start, at, METHOD) || isMember(start, at, PARAMS)) return 'asking';
    const end = endOfString(start, at + 1);
    at = end < 0 ? -1 : start.indexOf(QUOTE, end + 1);
  }
  return null;
}

function endOfString(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(QUOTE, from);
  while (at >= 0) {
    let slashes = 0;
    while (at - slashes > from && bytes[at - slashes - 1] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
    at = bytes.indexOf(QUOTE, at + 1);
  }
  return -1;
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

/** A value that reads the same has no colon after it. */
function isMember(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  if (!startsWith(bytes, at, name)) return false;
  let after = at + name.length;
  while (isBlank(bytes[after])) after += 1;
  return bytes[after] === COLON;
}

/** White space, or a byte of a byte order mark. */
function isBlank(byte: number | undefined): boolean {
  return (
    byte === 0x20 || byte === LF || byte === CR || byte === 0x09 || byte === 0xef || byte === 0xbb || byte === 0xbf
  );
}

function startsWith(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  if (at + word.length > bytes.length) return false;
  for (let i = 1; i < word.length; i += 1) if (bytes[at + i] !== word[i]) return false;
  return true;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
