// What may stand in an HTTP field value: encodes our own values as 2026-07-28 asks ("Value Encoding"),
// and checks values of a server before they are sent back to it.

const SENTINEL = /^=\?base64\?.*\?=$/s;
const ENCODED_START = '=?base64?'.length;
const PLAIN = /^[\x20-\x7e]+$/;
const VISIBLE = /^[\x21-\x7e]{1,1024}$/;

/**
 * The field value for `value`: itself where it is plain ASCII without outer spaces, else
 * `=?base64?…?=` over its UTF-8 bytes. What looks like the second form is encoded too, so that decoding
 * is unambiguous; so is the empty string, which some intermediaries drop.
 *
 * @see MCP 2026-07-28, Streamable HTTP, "Value Encoding"
 */
export function encodeHeaderValue(value: string): string {
  const isPlain = PLAIN.test(value) && value.trim() === value && !SENTINEL.test(value);
  return isPlain ? value : `=?base64?${base64(value)}?=`;
}

/** The value that {@link encodeHeaderValue} made `field` from; null for a broken encoding. */
export function decodeHeaderValue(field: string): string | null {
  if (!SENTINEL.test(field)) return field;
  const encoded = field.slice(ENCODED_START, -2);
  // Other decoders would refuse what lacks its padding, and two that differ are a gap to slip through.
  if (encoded.length % 4 !== 0) return null;
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** True for visible ASCII of sensible length: a session id (MCP 2025-11-25) that can be echoed safely. */
export function isVisibleAscii(value: string): boolean {
  return VISIBLE.test(value);
}

/** True when `value` can be sent as a field value and comes out of parsing unchanged. */
export function isPlainValue(value: string): boolean {
  return value.length <= 1024 && PLAIN.test(value) && value.trim() === value;
}

function base64(value: string): string {
  return btoa(Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte)).join(''));
}
