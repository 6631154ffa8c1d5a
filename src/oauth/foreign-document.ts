// Reads JSON that somebody else wrote: every member may be missing, of another type, or endless. A member
// that is not what it should be counts as absent; what absence means is the caller's to say.

import { METADATA_LIST_MAX_ENTRIES, OAUTH_TEXT_MAX_CHARACTERS, OAUTH_VALUE_MAX_CHARACTERS } from '../limits.ts';

export type ForeignDocument = { readonly [member: string]: unknown };

/** The body as a JSON object, whatever its content type claims; null when it is none. The body is used up. */
export async function readDocument(response: Response): Promise<ForeignDocument | null> {
  const text = await response.text();
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ForeignDocument) : null;
  } catch {
    return null;
  }
}

/** Lets go of a body that nobody reads. Nobody waits for it either: the server decides when it ends. */
export function discardBody(response: Response): void {
  response.body?.cancel().catch(() => {});
}

/** A string of visible ASCII and blanks, as OAuth's identifiers and codes are (VSCHAR, RFC 6749 appendix A). */
export function valueMember(
  document: ForeignDocument,
  member: string,
  maxCharacters: number = OAUTH_VALUE_MAX_CHARACTERS,
): string | null {
  const value = document[member];
  return typeof value === 'string' && isValue(value, maxCharacters) ? value : null;
}

/** True for 1 to `maxCharacters` characters of visible ASCII and blanks. */
export function isValue(text: string, maxCharacters: number = OAUTH_VALUE_MAX_CHARACTERS): boolean {
  return text.length <= maxCharacters && /^[\x20-\x7e]+$/.test(text);
}

/** Words meant for people: any language, on one line, cut to a bearable length. */
export function textMember(document: ForeignDocument, member: string): string | null {
  const value = document[member];
  return typeof value === 'string' ? oneLine(value) : null;
}

/** Cuts to a bearable length; control characters and what reverses reading direction become blanks. */
export function oneLine(text: string): string | null {
  const cut = text.slice(0, OAUTH_TEXT_MAX_CHARACTERS).toWellFormed();
  const clean = cut.replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  return clean === '' ? null : clean;
}

/** The usable strings of a list; null when there is no list, or none in it. */
export function listMember(document: ForeignDocument, member: string): readonly string[] | null {
  const value = document[member];
  if (!Array.isArray(value)) return null;
  const strings = value
    .slice(0, METADATA_LIST_MAX_ENTRIES)
    .filter((entry): entry is string => typeof entry === 'string' && isValue(entry));
  return strings.length === 0 ? null : strings;
}
