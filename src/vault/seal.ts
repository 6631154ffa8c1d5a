// Encrypts secrets for the database and binds each to its place: which kind of record, which id, which
// issuer, which resource. A ciphertext moved to another row, or a row whose issuer was rewritten,
// does not open. The cipher is xaes-256-gcm.ts, the text form envelope.ts, the keys keyring.ts.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { Secret } from '../secret.ts';
import { ENVELOPE_VERSION, envelopeKeyId, formatEnvelope, parseEnvelope } from './envelope.ts';
import type { Keyring } from './keyring.ts';
import { XAES_NONCE_BYTES, xaesDecrypt, xaesEncrypt } from './xaes-256-gcm.ts';

const DOMAIN = 'chatelaine.vault';

/** Where a secret belongs. An absent field and null are the same; the empty string is not. */
export type SealContext = {
  /** `record.field`. */
  readonly kind: string;
  readonly id: string;
  readonly issuer?: string | null;
  readonly resource?: string | null;
};

export type Vault = {
  /**
   * Encrypts under the current key.
   *
   * @throws invalid_request when the text holds half a surrogate pair, which UTF-8 cannot carry
   */
  seal(plaintext: Secret, context: SealContext): Promise<string>;
  /** @throws secret_unreadable whatever is wrong: not an envelope, unknown key, another context, changed data */
  open(ciphertext: string, context: SealContext): Promise<Secret>;
  /** Under which key it was made; null when it is no ciphertext of this vault. */
  keyIdOf(ciphertext: string): string | null;
  /** Whether it was made under the key that encrypts now. */
  isCurrent(ciphertext: string): boolean;
};

/**
 * A vault over these keys.
 *
 * @see docs/decisions/0001-vault-format.md
 */
export function createVault(keyring: Keyring): Vault {
  async function seal(plaintext: Secret, context: SealContext): Promise<string> {
    const keyId = keyring.current.id;
    const text = plaintext.reveal();
    if (!text.isWellFormed()) {
      throw new ChatelaineError('invalid_request', 'The secret holds a broken character; copy it again.');
    }
    const nonce = crypto.getRandomValues(new Uint8Array(XAES_NONCE_BYTES));
    const bytes = new TextEncoder().encode(text);
    return formatEnvelope({
      keyId,
      nonce,
      ciphertext: await xaesEncrypt(await keyring.current.import(), nonce, bytes, associatedData(keyId, context)),
    });
  }

  async function open(ciphertext: string, context: SealContext): Promise<Secret> {
    const envelope = parseEnvelope(ciphertext);
    if (envelope === null) throw unreadable(context, 'is not in a known format');
    const { keyId, nonce } = envelope;
    const key = keyring.find(keyId);
    if (key === null) {
      throw unreadable(
        context,
        `was encrypted with key ${quoteForeign(keyId)}, which is not among the encryption keys`,
      );
    }
    try {
      const bytes = await xaesDecrypt(await key.import(), nonce, envelope.ciphertext, associatedData(keyId, context));
      // A byte order mark is part of the secret, not of its encoding.
      return new Secret(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch (cause) {
      throw unreadable(context, 'was changed, was moved from another record, or was encrypted with another key', cause);
    }
  }

  return {
    seal,
    open,
    keyIdOf: envelopeKeyId,
    isCurrent: (ciphertext) => envelopeKeyId(ciphertext) === keyring.current.id,
  };
}

/** Each field with its length in front, so that no two contexts have one encoding ("a" + "bc" is not "ab" + "c"). */
function associatedData(keyId: string, { kind, id, issuer, resource }: SealContext): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const fields = [DOMAIN, ENVELOPE_VERSION, keyId, kind, id, issuer ?? null, resource ?? null];
  const parts = fields.map((field) => (field === null ? null : encoder.encode(field)));
  const result = new Uint8Array(parts.reduce((total, part) => total + 4 + (part?.length ?? 0), 0));
  const view = new DataView(result.buffer);
  let offset = 0;
  for (const part of parts) {
    // An absent field has a length that no present one can have.
    view.setUint32(offset, part === null ? 0xff_ff_ff_ff : part.length);
    if (part !== null) result.set(part, offset + 4);
    offset += 4 + (part?.length ?? 0);
  }
  return result;
}

function unreadable(context: SealContext, why: string, cause?: unknown): ChatelaineError {
  return new ChatelaineError(
    'secret_unreadable',
    `The stored secret (${context.kind}) ${why}. Put the missing key back, or enter the secret or connect again.`,
    { cause },
  );
}
