// Base64 and base64url (RFC 4648) without Node's Buffer. Decoding is strict: one value has one spelling, so
// that a changed character can never go unnoticed.

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const BASE64_URL = /^[A-Za-z0-9_-]*$/;

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @returns null when `text` is not the one spelling that `toBase64` gives */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  return BASE64.test(text) && text.length % 4 === 0 ? decode(text) : null;
}

/** @returns null when `text` is not the one spelling that `toBase64Url` gives */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  return BASE64_URL.test(text) && text.length % 4 !== 1 ? decode(text.replaceAll('-', '+').replaceAll('_', '/')) : null;
}

function decode(text: string): Uint8Array<ArrayBuffer> | null {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  // The last character of an incomplete group has bits that belong to no byte and must be zero.
  const rest = bytes.length % 3;
  const tail = rest === 0 ? '' : toBase64(bytes.subarray(bytes.length - rest)).replaceAll('=', '');
  return text.replaceAll('=', '').endsWith(tail) ? bytes : null;
}
