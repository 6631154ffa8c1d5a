// A message that is judged here and passed on as it came must mean the same to both readers. JSON leaves open
// which of two equal keys counts (RFC 8259 section 4), and some readers take no notice of case: with
// `{"name":"granted","name":"forbidden"}` an agent could have one tool judged and another one called. Nesting
// is bounded in the same look, before anything is built (section 9).

import { JSON_MAX_DEPTH } from '../limits.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The message itself, and its `params`; what lies deeper decides nothing here. */
const JUDGED_DEPTH = 2;

/**
 * What forbids to read `text`: an object of its first two levels that holds a key twice, whatever the case,
 * or too many levels. Text that is no JSON may be answered either way.
 */
export function flawIn(text: string): 'ambiguous' | 'too_deep' | null {
  const keys: Set<string>[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (depth <= JUDGED_DEPTH && isKey(text, end)) {
        const key = keyIn(text.slice(at + 1, end));
        const known = keys[depth];
        if (known?.has(key)) return 'ambiguous';
        known?.add(key);
      }
      at = end;
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      depth += 1;
      if (depth > JSON_MAX_DEPTH) return 'too_deep';
      if (depth <= JUDGED_DEPTH) keys[depth] = new Set();
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth -= 1;
  }
  return null;
}

/**
 * The message with another `params.name`, and every other character as it came.
 *
 * @param text a JSON object in which {@link flawIn} found no flaw, with a string as `params.name`
 */
export function withParamsName(text: string, name: string): string {
  const path: string[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (depth <= JUDGED_DEPTH && isKey(text, end)) path[depth] = unescaped(text.slice(at + 1, end));
      else if (depth === 2 && path[1] === 'params' && path[2] === 'name')
        return `${text.slice(0, at)}${JSON.stringify(name)}${text.slice(end + 1)}`;
      at = end;
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      depth += 1;
      path[depth] = '';
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth -= 1;
  }
  return text;
}

function keyIn(raw: string): string {
  return folded(unescaped(raw));
}

function unescaped(raw: string): string {
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return raw;
  }
}

/** By way of the upper case, which has one form for letters that the lower case keeps apart (ſ and s). */
function folded(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}

function isKey(text: string, end: number): boolean {
  let at = end + 1;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return text.charCodeAt(at) === COLON;
}
