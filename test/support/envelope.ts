// The format of stored secrets a second time, on node:crypto instead of WebCrypto and from
// docs/decisions/0001-vault-format.md alone: what the product writes must be what was written down there.

import { createCipheriv, createDecipheriv } from 'node:crypto';

type Context = { kind: string; id: string; issuer?: string | null; resource?: string | null };

/** @throws when anything but the right key and context is given */
export function openEnvelope(envelope: string, key: Buffer, context: Context): string {
  const [version = '', keyId = '', body = ''] = envelope.split('.');
  const bytes = Buffer.from(body, 'base64url');
  const [nonce, ciphertext, tag] = [bytes.subarray(0, 24), bytes.subarray(24, -16), bytes.subarray(-16)];
  const decipher = createDecipheriv('aes-256-gcm', derivedKey(key, nonce), nonce.subarray(12));
  decipher.setAuthTag(tag);
  const { kind, id, issuer = null, resource = null } = context;
  decipher.setAAD(withLengths(['chatelaine.vault', version, keyId, kind, id, issuer, resource]));
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
}

function withLengths(fields: readonly (string | null)[]): Buffer {
  return Buffer.concat(
    fields.map((field) => {
      const text = Buffer.from(field ?? '');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(field === null ? 0xff_ff_ff_ff : text.length);
      return Buffer.concat([length, text]);
    }),
  );
}

/** XAES-256-GCM of C2SP. */
function derivedKey(key: Buffer, nonce: Buffer): Buffer {
  const block = (input: Buffer): Buffer => createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(input);
  const first = block(Buffer.alloc(16));
  const doubled =
    ((BigInt(`0x${first.toString('hex')}`) << 1n) & ((1n << 128n) - 1n)) ^ ((first[0] ?? 0) & 0x80 ? 0x87n : 0n);
  const subkey = Buffer.from(doubled.toString(16).padStart(32, '0'), 'hex');
  const halves = [1, 2].map((counter) => {
    const message = Buffer.concat([Buffer.from([0, counter, 0x58, 0]), nonce.subarray(0, 12)]);
    return block(Buffer.from(message.map((byte, i) => byte ^ (subkey[i] ?? 0))));
  });
  return Buffer.concat(halves);
}
