// The text form of a ciphertext: `v1.<keyId>.<base64url(nonce | ciphertext | tag)>`. It says under which
// format and key it was made, so that keys can be exchanged and formats can follow each other.

import { fromBase64Url, toBase64Url } from './base64.ts';
import { XAES_NONCE_BYTES, XAES_TAG_BYTES } from './xaes-256-gcm.ts';

/** Stands in the text and in the associated data. */
export const ENVELOPE_VERSION = 'v1';

const ENVELOPE = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]+)$/;

export type Envelope = {
  readonly keyId: string;
  readonly nonce: Uint8Array<ArrayBuffer>;
  /** With its tag. */
  readonly ciphertext: Uint8Array<ArrayBuffer>;
};

export function formatEnvelope({ keyId, nonce, ciphertext }: Envelope): string {
  const sealed = new Uint8Array(nonce.length + ciphertext.length);
  sealed.set(nonce);
  sealed.set(ciphertext, nonce.length);
  return `${ENVELOPE_VERSION}.${keyId}.${toBase64Url(sealed)}`;
}

/** @returns null when this is not an envelope of a version known here */
export function parseEnvelope(text: string): Envelope | null {
  const [, keyId, body] = ENVELOPE.exec(text) ?? [];
  if (keyId === undefined || body === undefined) return null;
  const sealed = fromBase64Url(body);
  if (sealed === null || sealed.length < XAES_NONCE_BYTES + XAES_TAG_BYTES) return null;
  return {
    keyId,
    nonce: sealed.subarray(0, XAES_NONCE_BYTES),
    ciphertext: sealed.subarray(XAES_NONCE_BYTES),
  };
}

/** The key's id without decoding the rest; null when this is no envelope. */
export function envelopeKeyId(text: string): string | null {
  return ENVELOPE.exec(text)?.[1] ?? null;
}
