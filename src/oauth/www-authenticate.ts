// Parses `WWW-Authenticate` (RFC 9110 section 11.6.1): several schemes, several fields, quoted strings, and
// whatever else servers send. It never throws; what cannot be read is left out. What a challenge means is
// challenge.ts's.

import { CHALLENGE_MAX_CHARACTERS } from '../limits.ts';

export type Challenge = {
  /** In lower case. */
  readonly scheme: string;
  readonly token68: string | null;
  /** Names in lower case; of a name that occurs twice the first value. */
  readonly params: ReadonlyMap<string, string>;
};

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;
const BLANKS = /[ \t]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)"/y;
// Servers forget the quotes around URLs; anything up to the next separator is taken then.
const UNQUOTED = /[^\s,"]*/y;

/** The challenges of one or more header fields, in their order. */
export function parseChallenges(headerValues: string | readonly string[]): Challenge[] {
  const fields = typeof headerValues === 'string' ? [headerValues] : headerValues;
  return fields.flatMap((field) => parseField(field.slice(0, CHALLENGE_MAX_CHARACTERS)));
}

function parseField(field: string): Challenge[] {
  const challenges: Challenge[] = [];
  let params = new Map<string, string>();
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(field);
    if (match !== null) at += match[0].length;
    return match;
  };

  while (at < field.length) {
    take(BLANKS);
    if (field[at] === ',') {
      at += 1;
      continue;
    }
    const name = take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) {
      at = nextComma(field, at);
      continue;
    }
    const afterName = at;
    if (challenges.length > 0 && take(EQUALS) !== null) {
      const quoted = take(QUOTED);
      const value = quoted === null ? (take(UNQUOTED)?.[0] ?? '') : (quoted[1] ?? '').replace(/\\([\s\S])/g, '$1');
      if (!params.has(name)) params.set(name, value);
      continue;
    }
    at = afterName;
    const gap = take(BLANKS)?.[0] ?? '';
    if (gap === '' && at < field.length && field[at] !== ',') {
      // `a=b` with no scheme before it, or a name glued to something unreadable.
      at = nextComma(field, at);
      continue;
    }
    params = new Map();
    const token68 = gap === '' ? null : (take(TOKEN68)?.[0] ?? null);
    // A lone word before a comma is a scheme without parameters, not credentials of the word before it.
    challenges.push({ scheme: name, token68, params });
  }
  return challenges;
}

/** Where reading can go on after something unreadable: the next comma outside quotes. */
function nextComma(field: string, from: number): number {
  let quoted = false;
  for (let i = from; i < field.length; i += 1) {
    const character = field[i];
    if (character === '\\' && quoted) i += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) return i;
  }
  return field.length;
}
