// The encryption keys: several at a time, so that a new one can be brought in while the old one still
// decrypts. Holds no key in a readable property; what is made of one is a CryptoKey that cannot be exported.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { importXaesKey, XAES_KEY_BYTES, type XaesKey } from './xaes-256-gcm.ts';

const SETTING = 'CHATELAINE_ENCRYPTION_KEYS';
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const KEY_ID_RANDOM_BYTES = 4;

export type VaultKey = {
  readonly id: string;
  /** Imported at the first use, then kept. */
  import(): Promise<XaesKey>;
};

export type Keyring = {
  /** The key that encrypts. */
  readonly current: VaultKey;
  /** The key of this id, null when it is not here. */
  find(id: string): VaultKey | null;
};

/**
 * Reads `id:base64key[,id:base64key…]`; the first encrypts, all decrypt.
 *
 * @param source what errors call the place that the text is from
 * @throws invalid_settings naming the entry by its place or id, never by its content
 */
export function parseKeyring(text: string, source = SETTING): Keyring {
  const keys = new Map<string, VaultKey>();
  const [first, ...others] = text.split(',').map((entry, i) => parseEntry(entry.trim(), i + 1, source));
  if (first === undefined) throw invalid(source, 'no key is given.');
  for (const key of [first, ...others]) {
    if (keys.has(key.id)) throw invalid(source, `two keys have the id ${quoteForeign(key.id)}; give each its own.`);
    keys.set(key.id, key);
  }
  return { current: first, find: (id) => keys.get(id) ?? null };
}

/** A new entry for the setting: an id that says nothing, and 256 random bits. */
export function generateKey(): string {
  const id = crypto.getRandomValues(new Uint8Array(KEY_ID_RANDOM_BYTES));
  const hex = [...id].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `k${hex}:${toBase64(crypto.getRandomValues(new Uint8Array(XAES_KEY_BYTES)))}`;
}

function parseEntry(entry: string, place: number, source: string): VaultKey {
  const colon = entry.indexOf(':');
  const id = entry.slice(0, Math.max(colon, 0));
  if (!KEY_ID.test(id)) {
    throw invalid(
      source,
      `entry ${place} must begin with an id and a colon (letters, digits, "-" and "_", at most 32), like "k1:…".`,
    );
  }
  const raw = fromBase64(entry.slice(colon + 1));
  if (raw === null || raw.length !== XAES_KEY_BYTES) {
    throw invalid(
      source,
      `entry ${place} (id ${quoteForeign(id)}) must hold ${XAES_KEY_BYTES} bytes in base64; ` +
        `make one with "openssl rand -base64 ${XAES_KEY_BYTES}".`,
    );
  }
  let imported: Promise<XaesKey> | undefined;
  return {
    // A text of its own: one cut out of the entry would keep the whole entry in memory.
    id: Array.from(id).join(''),
    import() {
      imported ??= importXaesKey(raw);
      return imported;
    },
  };
}

function invalid(source: string, what: string): ChatelaineError {
  return new ChatelaineError('invalid_settings', `${source}: ${what}`);
}
