// Parses JSON that a stranger wrote: nesting is bounded before anything is built, because a few
// megabytes of brackets would exhaust the memory of the parser or the stack of whoever walks the result.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { JSON_MAX_DEPTH, SERVER_NAME_MAX_CHARACTERS } from '../limits.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const INTEGER = /^-?\d+$/;
/** Where a number may stand that a double cannot hold: many digits, or a large exponent. */
const MAY_BE_INEXACT = /\d{16}|\d[eE]\+?\d{3}/;
/** Control characters, halves of letters, and what turns the direction of reading. */
const UNSHOWABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

export type JsonObject = { readonly [field: string]: unknown };

declare global {
  /** Not in TypeScript's library yet. @see ECMAScript proposal "JSON.parse source text access" */
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source: string }) => unknown,
    ): unknown;
    rawJSON(text: string): { readonly rawJSON: string };
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
  }
}

/**
 * The value that `text` stands for.
 *
 * @throws upstream_invalid_response when it is no JSON, or nested too deep
 * @see RFC 8259 section 9, which lets a parser limit the depth
 */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) {
    throw new ChatelaineError(
      'upstream_invalid_response',
      `The server sent JSON that is nested more than ${JSON_MAX_DEPTH} levels deep; that is not accepted.`,
    );
  }
  try {
    return parseExact(text);
  } catch (cause) {
    const shown = text.trim() === '' ? 'an empty body' : quoteForeign(text, 120);
    throw new ChatelaineError('upstream_invalid_response', `The server sent ${shown} where JSON was expected.`, {
      cause,
    });
  }
}

/**
 * What `JSON.parse` gives, except that a number which a double cannot hold, such as an id of 64 bits, is kept by
 * its text: `JSON.stringify` writes it as it came.
 *
 * @throws SyntaxError
 */
export function parseExact(text: string): unknown {
  return MAY_BE_INEXACT.test(text) ? JSON.parse(text, keepExact) : JSON.parse(text);
}

function keepExact(_key: string, value: unknown, { source }: { readonly source: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const isHeld = Number.isFinite(value) && (!INTEGER.test(source) || String(value) === source);
  return isHeld ? value : JSON.rawJSON(source);
}

/** What {@link parseExact} kept by its text as the nearest number; anything else as it is. */
export function nearestNumber(value: unknown): unknown {
  return JSON.isRawJSON(value) ? Number(value.rawJSON) : value;
}

/** True for what JSON calls an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string field of what may be an object; null for anything else. */
export function stringField(value: unknown, field: string): string | null {
  const found = isObject(value) && Object.hasOwn(value, field) ? value[field] : null;
  return typeof found === 'string' ? found : null;
}

/** How a server calls itself, in a field of what may be an object; null for what no line of a page can hold. */
export function nameField(value: unknown, field: string): string | null {
  const found = stringField(value, field);
  return found !== null && found.length <= SERVER_NAME_MAX_CHARACTERS && !UNSHOWABLE.test(found) ? found : null;
}

/** Whether JSON in `text` is nested deeper than anybody needs; whoever walks it would run out of stack. */
export function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
    } else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > JSON_MAX_DEPTH) return true;
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) {
      depth -= 1;
    }
  }
  return false;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    i += code === BACKSLASH ? 2 : 1;
  }
  return i;
}
