// What may be kept of the arguments and the result of a call: everything but what looks like a secret, by the
// name of its field or by its own look, and the credential that the call itself carried. When in doubt it is a
// secret. Cut only after that, so that no half of one is left at the end.

import { CAPTURE_MAX_CHARACTERS, JSON_MAX_DEPTH } from '../limits.ts';

/** JSON text; `cut` when it is not all there. */
export type CapturedText = { readonly text: string; readonly cut: boolean };

const REDACTED = '[redacted]';

/** Too large, or not understood, to be looked through; so nothing of it is kept. */
export const LEFT_OUT: CapturedText = { text: '', cut: true };

const SECRET_NAME =
  /token|secret|passw|passphrase|passcode|pwd|authorization|authentication|oauth|bearer|cookie|credential|session|signature|private|jwt|csrf|xsrf|(?:^|[^a-z])auth(?:$|[^a-z])|(?:^|[^a-z])(?:otp|totp|pin|cvv|cvc|ssn|iban|sid)(?:$|[^a-z])|keys?(?:$|[^a-z])/;

/** Fields that name another field, and the ones that hold its value: `{"name": "API_KEY", "value": "…"}`. */
const NAMING = ['name', 'key', 'header', 'field', 'label'];
const VALUES: ReadonlySet<string> = new Set(['value', 'values', 'content', 'text', 'default']);

const PEM = /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g;
const SCHEME = /\b(bearer|dpop|basic)([ \t]+)([A-Za-z0-9._~+/=-]{6,})/gi;
const JWT = /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*){0,3}/g;
/** User name and password in a URL. */
const USER_INFO = /:\/\/[^\s/@?#]+@/g;
/** A line of a cookie or a header of this kind is a secret to its end. */
const SECRET_LINE = /((?:set-cookie|cookie|authorization)"?\s*[:=]\s*)[^\r\n]+/gi;
/** A name with what may stand between it and its value. */
const ASSIGNMENT = /([A-Za-z][A-Za-z0-9_.-]{0,63})["']?\s*[:=]\s*/g;
const VALUE = /"(?:[^"\\\r\n]|\\.)*"?|'(?:[^'\\\r\n]|\\.)*'?|[^\s,;&"'<>(){}[\]]+/y;
/** As people say it. */
const SPOKEN = /\b((?:password|passphrase|passcode|secret|token|api[ -]?key|pin|code)\s+(?:is|was)[:\s]\s*)[^\s,;]+/gi;
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
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= JSON_MAX_DEPTH) return REDACTED;
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, secrets, depth + 1));
  const fields = value as Record<string, unknown>;
  const namesSecret = NAMING.some((name) => typeof fields[name] === 'string' && isSecretName(fields[name]));
  return Object.fromEntries(
    Object.entries(fields).map(([name, inner]) => {
      const isNaming = namesSecret && NAMING.includes(name) && typeof inner === 'string' && isSecretName(inner);
      const isSecret = !isNaming && (isSecretName(name) || (namesSecret && VALUES.has(name.toLowerCase())));
      const kept = isSecret && !isEmpty(inner) ? REDACTED : withoutSecrets(inner, secrets, depth + 1);
      return [cleanText(name, secrets, JSON_MAX_DEPTH), kept];
    }),
  );
}

/** There is nothing to hide, and whether there was something is worth knowing. */
function isEmpty(value: unknown): boolean {
  return value === null || value === '' || typeof value === 'boolean';
}

/** Words are told apart by their case or by what stands between them. */
function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase());
}

function cleanText(text: string, secrets: readonly string[], depth: number): string {
  const inner = depth < JSON_MAX_DEPTH ? jsonIn(text) : undefined;
  if (inner !== undefined) return JSON.stringify(withoutSecrets(inner, secrets, depth + 1));
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, REDACTED);
  clean = clean
    .replace(PEM, REDACTED)
    .replace(SECRET_LINE, `$1${REDACTED}`)
    .replace(SCHEME, (whole, scheme: string, gap: string, rest: string) =>
      scheme.toLowerCase() === 'basic' && !/[A-Z\d=+/]/.test(rest) ? whole : `${scheme}${gap}${REDACTED}`,
    )
    .replace(JWT, REDACTED)
    .replace(USER_INFO, `://${REDACTED}@`)
    .replace(SPOKEN, `$1${REDACTED}`);
  return withoutAssigned(clean)
    .replace(WELL_KNOWN, REDACTED)
    .replace(BASE64, (run) => (looksEncoded(run) ? REDACTED : run))
    .replace(OPAQUE, (run) => (looksRandom(run) && !UUID.test(run) ? REDACTED : run))
    .replace(PREFIXED, (run) => (/\d/.test(run) && !UUID.test(run) ? REDACTED : run));
}

/** `password=…`, `"apiKey": "…"`, in text of any kind. */
function withoutAssigned(text: string): string {
  let clean = '';
  let done = 0;
  for (const { 0: whole, 1: name = '', index } of text.matchAll(ASSIGNMENT)) {
    // What lies in a value that was replaced is gone already.
    if (index < done || !isSecretName(name)) continue;
    VALUE.lastIndex = index + whole.length;
    const [value] = VALUE.exec(text) ?? [];
    if (value === undefined) continue;
    clean += text.slice(done, index + whole.length) + REDACTED;
    done = index + whole.length + value.length;
  }
  return clean + text.slice(done);
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
