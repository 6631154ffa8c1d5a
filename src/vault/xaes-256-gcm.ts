// XAES-256-GCM of C2SP: AES-256-GCM with a 192-bit nonce, so that nonces may be drawn at random for 2^80
// messages under one key (plain GCM: 2^32). The first half of the nonce derives a key of its own with
// CMAC (NIST SP 800-108r1), the second half is the GCM nonce. Built from WebCrypto's AES alone.
// Why this and not plain GCM: docs/decisions/0001-vault-format.md.

export const XAES_KEY_BYTES = 32;
export const XAES_NONCE_BYTES = 24;
export const XAES_TAG_BYTES = 16;

const BLOCK_BYTES = 16;
const DERIVATION_NONCE_BYTES = 12;
const ZERO_BLOCK = new Uint8Array(BLOCK_BYTES);

type Bytes = Uint8Array<ArrayBuffer>;
type AesKey = InstanceType<typeof CryptoKey>;

/** A master key with what its derivations have in common. */
export type XaesKey = { readonly blockCipher: AesKey; readonly subkey: Bytes };

/** @param raw 32 bytes */
export async function importXaesKey(raw: Bytes): Promise<XaesKey> {
  const blockCipher = await crypto.subtle.importKey('raw', raw, 'AES-CBC', false, ['encrypt']);
  return { blockCipher, subkey: doubled(await encryptBlock(blockCipher, ZERO_BLOCK)) };
}

/**
 * @param nonce 24 bytes, never used before with this key; random ones will do
 * @returns ciphertext and tag
 * @see https://c2sp.org/XAES-256-GCM
 */
export async function xaesEncrypt(key: XaesKey, nonce: Bytes, plaintext: Bytes, associatedData: Bytes): Promise<Bytes> {
  const messageKey = await deriveKey(key, nonce, 'encrypt');
  return new Uint8Array(await crypto.subtle.encrypt(gcm(nonce, associatedData), messageKey, plaintext));
}

/**
 * @param ciphertext with its tag
 * @throws OperationError (DOMException) when anything but the right key, nonce and data is given
 */
export async function xaesDecrypt(
  key: XaesKey,
  nonce: Bytes,
  ciphertext: Bytes,
  associatedData: Bytes,
): Promise<Bytes> {
  const messageKey = await deriveKey(key, nonce, 'decrypt');
  return new Uint8Array(await crypto.subtle.decrypt(gcm(nonce, associatedData), messageKey, ciphertext));
}

function gcm(nonce: Bytes, additionalData: Bytes): { name: 'AES-GCM'; iv: Bytes; additionalData: Bytes } {
  return { name: 'AES-GCM', iv: nonce.subarray(DERIVATION_NONCE_BYTES), additionalData };
}

async function deriveKey(key: XaesKey, nonce: Bytes, usage: 'encrypt' | 'decrypt'): Promise<AesKey> {
  const halves = await Promise.all(
    [1, 2].map((counter) => encryptBlock(key.blockCipher, macBlock(key, nonce, counter))),
  );
  const raw = new Uint8Array(XAES_KEY_BYTES);
  for (const [i, half] of halves.entries()) raw.set(half, i * BLOCK_BYTES);
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, [usage]);
}

/** The only block of CMAC's message: counter (16 bit), label "X", a zero, and half of the nonce. */
function macBlock(key: XaesKey, nonce: Bytes, counter: number): Bytes {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set([0, counter, 0x58, 0]);
  block.set(nonce.subarray(0, DERIVATION_NONCE_BYTES), 4);
  return block.map((byte, i) => byte ^ (key.subkey[i] ?? 0));
}

async function encryptBlock(key: AesKey, block: Bytes): Promise<Bytes> {
  // WebCrypto has no single-block AES: CBC with a zero IV is one, followed by a block of padding.
  const encrypted = await crypto.subtle.encrypt({ name: 'AES-CBC', iv: ZERO_BLOCK }, key, block);
  return new Uint8Array(encrypted, 0, BLOCK_BYTES);
}

/** Multiplication by x in GF(2^128): CMAC's subkey K1 (NIST SP 800-38B section 6.1). */
function doubled(block: Bytes): Bytes {
  const result = block.map((byte, i) => (byte << 1) | ((block[i + 1] ?? 0) >> 7));
  const carry = (block[0] ?? 0) >> 7;
  result[BLOCK_BYTES - 1] = (result[BLOCK_BYTES - 1] ?? 0) ^ (carry * 0x87);
  return result;
}
