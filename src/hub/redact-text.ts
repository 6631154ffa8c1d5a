// Takes out of text of any kind what is said to be a secret: assigned to the name of one, between the tags of
// one, told in a sentence, or in front of a host. What lies in doubt goes too, to the end of the line.

import { isSecretName } from './secret-names.ts';

export const REDACTED = '[redacted]';

/**
 * A name with what may stand between it and its value. The quotes may be escaped any number of times, as of JSON
 * in a string; a comma joins a pair.
 */
const ASSIGNMENT =
  /(?:--?)?((?:[A-Za-z][\w.-]{0,31}[ \t]){0,2}[A-Za-z][\w.-]{0,63})(?:\\{0,16}["'`]?\]?\s{0,64}(?::=|=>|->|[:=]|%3A|%3D)[=>]?|\\{0,16}["'`]\s{0,64},|(?<=--[\w.-]{1,64})[ \t])\s*/gi;
const OPENING = /\\{0,64}["'`]/y;
const CLOSING = /\\{0,64}["'`]/g;
const LINE_END = /[\r\n]/g;
/** What follows a name in YAML whose value is on the lines below. */
const BLOCK = /[|>][+-]?\d?[ \t]*$/;
const INDENTED = /(?:\r?\n[ \t]+[^\r\n]*|\r?\n(?=\r?\n[ \t]))*/y;
const TAG = /(<|&lt;)([A-Za-z][\w:.-]{0,63})((?:\s[^<>]{0,1000})?)(>|&gt;)/g;
const NAMED_BY = /\b(?:name|key|id|type|field|header)\s*=\s*["']?([\w .-]{1,64})/gi;
/** As people say it. */
const SPOKEN =
  /\b((?:passwords?|passphrase|passcode|pass|secret|token|credentials?|mnemonic|seed|phrase|(?:api|access|private|recovery)[ -]?key|pin|otp|cvv|cvc|ssn|codes?)(?: \w{1,20}){0,3}?[ \t]{1,4}(?:is|was|are|were|will be|reads|equals)[:\s]\s*)[^\r\n]+/gi;
/** Where a path, a query or a fragment begins. */
const AFTER_AUTHORITY = /[/?#]/g;
const WEB = /(?:^|[^a-z])(?:https?|wss?)$/i;

/** Each of these leaves marks that the next one may meet again, which does no harm. */
export function withoutSaidSecrets(text: string): string {
  return withoutAssigned(withoutElements(withoutUserInfo(text)).replace(SPOKEN, `$1${REDACTED}`));
}

/** `password=…`, `"apiKey": "…"`, `{\"pin\": 1}`, `["token", …]`, `--secret …`. */
function withoutAssigned(text: string): string {
  let clean = '';
  let done = 0;
  for (const { 0: whole, 1: name = '', index } of text.matchAll(ASSIGNMENT)) {
    // What lies in a value that was replaced is gone already.
    if (index < done || !isSecretName(name)) continue;
    const from = index + whole.length;
    const to = endOfValue(text, from, whole.trimEnd().endsWith(','));
    if (to === from) continue;
    clean += text.slice(done, from) + REDACTED;
    done = to;
  }
  return clean + text.slice(done);
}

function endOfValue(text: string, from: number, isPair: boolean): number {
  if (isPair) return endOfLine(text, from);
  if (text[from] === '{' || text[from] === '[') return Math.max(endOfBrackets(text, from), endOfLine(text, from));
  OPENING.lastIndex = from;
  const [quote] = OPENING.exec(text) ?? [];
  const lineEnd = endOfLine(text, from);
  if (quote !== undefined) {
    const line = text.slice(from, lineEnd);
    CLOSING.lastIndex = quote.length;
    for (let found = CLOSING.exec(line); found !== null; found = CLOSING.exec(line)) {
      const [mark] = found;
      // More slashes: a quote within. Fewer: the end of what this is all in.
      if (mark.length > quote.length || (mark.length === quote.length && mark !== quote)) continue;
      const after = found.index + mark.length;
      if (!/[\w"'`\\]/.test(line[after] ?? '') || mark.length < quote.length) return from + after;
    }
    return lineEnd;
  }
  if (!BLOCK.test(text.slice(from, Math.min(lineEnd, from + 16)))) return lineEnd;
  INDENTED.lastIndex = lineEnd;
  return lineEnd + (INDENTED.exec(text)?.[0].length ?? 0);
}

/** Of a list or an object over several lines; quotes are not looked at, so that none of them can hide the end. */
function endOfBrackets(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}

function endOfLine(text: string, from: number): number {
  LINE_END.lastIndex = from;
  return LINE_END.exec(text)?.index ?? text.length;
}

/** `<password>…</password>`, `<entry key="password">…</entry>`, `<input name="password" value="…">`. */
function withoutElements(text: string): string {
  let clean = '';
  let done = 0;
  for (const { 0: whole, 1: open = '', 2: name = '', 3: attributes = '', index } of text.matchAll(TAG)) {
    if (index < done) continue;
    const isNamed = [...attributes.matchAll(NAMED_BY)].some(([, named = '']) => isSecretName(named));
    if (!isNamed && !isSecretName(name)) continue;
    const isEmpty = attributes.trimEnd().endsWith('/');
    const end = isEmpty ? -1 : text.indexOf(`${open}/${name}`, index + whole.length);
    const isAlone = isEmpty || (end < 0 && isNamed && !isSecretName(name));
    clean += `${text.slice(done, index)}${open}${name} ${REDACTED} `;
    done = isAlone ? index + whole.length : end < 0 ? text.length : end;
  }
  return clean + text.slice(done);
}

/** User name and password in a URL; a password with a slash in it does not end there. */
function withoutUserInfo(text: string): string {
  if (!text.includes('://')) return text;
  return text.replace(/\S+/g, (run) => {
    const last = run.lastIndexOf('@');
    for (let at = run.indexOf('://'); at >= 0 && at + 3 < last; at = run.indexOf('://', at + 3)) {
      const from = at + 3;
      AFTER_AUTHORITY.lastIndex = from;
      const authority = run.slice(from, AFTER_AUTHORITY.exec(run)?.index ?? run.length);
      if (authority === '') continue;
      const isWeb = WEB.test(run.slice(Math.max(0, at - 6), at));
      if (!authority.includes('@') && isWeb && !/^[^"'<>,;(){}[\]]*:/.test(authority)) continue;
      return `${run.slice(0, from)}${REDACTED}${run.slice(last)}`;
    }
    return run;
  });
}
