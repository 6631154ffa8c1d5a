// What may be kept of the arguments and the result of a call: everything but what looks like a secret, by the
// name of its field or by its own look, and the credential that the call itself carried. When in doubt it is a
// secret. Cut only after that, so that no half of one is left at the end.

import { CAPTURE_MAX_CHARACTERS, JSON_MAX_DEPTH } from '../limits.ts';
import { REDACTED, withoutSaidSecrets } from './redact-text.ts';
import { isSecretLabel, isSecretName } from './secret-names.ts';

/** JSON text; `cut` when it is not all there. */
export type CapturedText = { readonly text: string; readonly cut: boolean };

/** Too large, or not understood, to be looked through; so nothing of it is kept. */
export const LEFT_OUT: CapturedText = { text: '', cut: true };

/** Fields that name another field, and the ones that hold its value: `{"name": "API_KEY", "value": "…"}`. */
const NAMING: ReadonlySet<string> = new Set(
  'name key header field label id type parameter param variable property prop attribute env k'.split(' '),
);
const VALUES: ReadonlySet<string> = new Set(
  'value values val v content text default data input entered answer current previous old new raw'.split(' '),
);

const BRACKET = /[[{]/;
const JSON_PART = /[[\]{}]|"(?:[^"\\\r\n]|\\.)*"?/g;
/** A quoted text with quotes in it. */
const QUOTED = /(?<!\\)"(?:[^"\\\r\n]|\\.)*\\"(?:[^"\\\r\n]|\\.)*"?/g;
/** Not every bracket begins JSON, and looking costs the length of the text. */
const JSON_TRIES = 32;

const PEM = /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g;
const SCHEME = /\b(bearer|dpop|basic)([ \t]+)([A-Za-z0-9._~+/=-]{6,})/gi;
const JWT = /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*){0,3}/g;
/** A line of a cookie or a header of this kind is a secret to its end. */
const SECRET_LINE = /((?:set-cookie|cookie|authorization)"?\s*[:=]\s*)[^\r\n]+/gi;
/** A short word in front, as of `ghp_…`, `sk-…`, `chla_…`. */
const PREFIXED = /\b[A-Za-z]{2,12}(?:[_-][A-Za-z0-9]{1,12}){0,3}[_-][A-Za-z0-9]{16,}/g;
const WELL_KNOWN = /\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bAIza[A-Za-z0-9_-]{20,}|\bxox[a-z]-[A-Za-z0-9-]{8,}/g;
const OPAQUE = /[A-Za-z0-9_-]{32,}/g;
const BASE64 = /[A-Za-z0-9+/]{40,}={0,2}/g;
/** Names of records rather than keys to anything. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * What may be kept of `value`.
 *
 * @param secrets values that must not be in it, whatever they look like
 */
export function captured(value: unknown, secrets: readonly string[] = []): CapturedText {
  const text = JSON.stringify(withoutSecrets(value, secrets)) ?? 'null';
  if (text.length <= CAPTURE_MAX_CHARACTERS) return { text, cut: false };
  return { text: text.slice(0, CAPTURE_MAX_CHARACTERS).toWellFormed(), cut: true };
}

/** A copy with everything that looks like a secret replaced. */
function withoutSecrets(value: unknown, secrets: readonly string[] = [], depth = 0): unknown {
  if (typeof value === 'string') return cleanText(value, secrets, depth);
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value;
  if (depth >= JSON_MAX_DEPTH) return REDACTED;
  if (Array.isArray(value))
    return value.map((item, at) =>
      // A pair, a flat list of pairs, or a command line.
      at > 0 && isSecretLabel(value[at - 1]) && !isEmpty(item) ? REDACTED : withoutSecrets(item, secrets, depth + 1),
    );
  const fields = value as Record<string, unknown>;
  const isNaming = (name: string, inner: unknown): boolean =>
    typeof inner === 'string' && NAMING.has(name.toLowerCase()) && isSecretName(inner);
  const entries = Object.entries(fields);
  const namesSecret = entries.some(([name, inner]) => isNaming(name, inner));
  return Object.fromEntries(
    entries.map(([name, inner]) => {
      // Of two fields, the one that is not the name is the value, whatever it is called.
      const isNamed = namesSecret && (entries.length === 2 || VALUES.has(name.toLowerCase()));
      const isSecret = !(namesSecret && isNaming(name, inner)) && (isSecretName(name) || isNamed);
      const kept = isSecret && !isEmpty(inner) ? REDACTED : withoutSecrets(inner, secrets, depth + 1);
      return [cleanText(name, secrets, JSON_MAX_DEPTH), kept];
    }),
  );
}

/** There is nothing to hide, and whether there was something is worth knowing. */
function isEmpty(value: unknown): boolean {
  return value === null || value === '' || typeof value === 'boolean';
}

function cleanText(text: string, secrets: readonly string[], depth: number): string {
  const inner = depth < JSON_MAX_DEPTH ? jsonIn(text) : undefined;
  if (inner !== undefined) return JSON.stringify(withoutSecrets(inner, secrets, depth + 1));
  let clean = depth < JSON_MAX_DEPTH ? withJsonCleaned(withQuotedCleaned(text, secrets, depth), secrets, depth) : text;
  for (const secret of secrets) clean = clean.replaceAll(secret, REDACTED);
  clean = clean
    .replace(PEM, REDACTED)
    .replace(SECRET_LINE, `$1${REDACTED}`)
    .replace(SCHEME, (whole, scheme: string, gap: string, rest: string) =>
      scheme.toLowerCase() === 'basic' && !/[A-Z\d=+/]/.test(rest) ? whole : `${scheme}${gap}${REDACTED}`,
    )
    .replace(JWT, REDACTED);
  return withoutSaidSecrets(clean)
    .replace(WELL_KNOWN, REDACTED)
    .replace(BASE64, (run) => (looksEncoded(run) ? REDACTED : run))
    .replace(OPAQUE, (run) => (looksRandom(run) && !UUID.test(run) ? REDACTED : run))
    .replace(PREFIXED, (run) => (/\d/.test(run) && !UUID.test(run) ? REDACTED : run));
}

/** Quoted text, as of a body in a log, is looked through as what it is without the quotes. */
function withQuotedCleaned(text: string, secrets: readonly string[], depth: number): string {
  return text.replace(QUOTED, (quoted) => {
    try {
      return JSON.stringify(cleanText(JSON.parse(quoted) as string, secrets, depth + 1));
    } catch {
      return quoted;
    }
  });
}

/** JSON in the middle of a text, as of a log, is looked through as JSON, where the shape tells what a value is. */
function withJsonCleaned(text: string, secrets: readonly string[], depth: number): string {
  let clean = '';
  let done = 0;
  let at = text.search(BRACKET);
  for (let tries = 0; at >= 0 && tries < JSON_TRIES; tries += 1) {
    const end = endOfJson(text, at);
    const inner = end < 0 ? undefined : jsonIn(text.slice(at, end));
    if (inner !== undefined) {
      clean += text.slice(done, at) + JSON.stringify(withoutSecrets(inner, secrets, depth + 1));
      done = end;
    }
    const from = inner === undefined ? at + 1 : end;
    const next = text.slice(from).search(BRACKET);
    at = next < 0 ? -1 : from + next;
  }
  return clean + text.slice(done);
}

/** Where the brackets that open at `from` are closed; -1 when they never are. */
function endOfJson(text: string, from: number): number {
  let depth = 0;
  JSON_PART.lastIndex = from;
  for (let part = JSON_PART.exec(text); part !== null; part = JSON_PART.exec(text)) {
    const [mark] = part;
    if (mark === '{' || mark === '[') depth += 1;
    else if (mark === '}' || mark === ']') depth -= 1;
    if (depth === 0) return JSON_PART.lastIndex;
  }
  return -1;
}

/** Tools often put JSON into their text. */
function jsonIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Words joined by dashes have few digits and one case. */
function looksRandom(run: string): boolean {
  const digits = run.replace(/\D/g, '').length;
  return digits >= 3 || (digits >= 1 && /[a-z]/.test(run) && /[A-Z]/.test(run)) || /^[A-Z]+$/.test(run);
}

/** A path has a slash every few characters, base64 one in 64. */
function looksEncoded(run: string): boolean {
  const slashes = run.replace(/[^/]/g, '').length;
  return /[A-Z]/.test(run) && /[a-z]/.test(run) && /\d/.test(run) && slashes * 12 < run.length;
}
