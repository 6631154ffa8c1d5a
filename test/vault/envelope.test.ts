import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';
import { importXaesKey, xaesDecrypt, xaesEncrypt } from '../../src/vault/xaes-256-gcm.ts';
import envelopes from './vectors/envelope-v1.json' with { type: 'json' };
import xaes from './vectors/xaes-256-gcm.json' with { type: 'json' };

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const fromHex = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(hex, 'hex'));

/** What each kind of failure is called when it is told. */
const REASONS = {
  format: /is not in a known format/,
  unknown_key: /was encrypted with key ".*", which is not among the encryption keys/,
  refused: /was changed, was moved from another record, or was encrypted with another key/,
};

describe('XAES-256-GCM', () => {
  test.each(xaes.vectors)('gives the published ciphertext for the key $key', async (vector) => {
    const key = await importXaesKey(fromHex(vector.key));
    const nonce = utf8(vector.nonce);
    const associatedData = utf8(vector.associatedData);
    const ciphertext = await xaesEncrypt(key, nonce, utf8(vector.plaintext), associatedData);
    expect(Buffer.from(ciphertext).toString('hex')).toBe(vector.ciphertext);
    expect(await xaesDecrypt(key, nonce, ciphertext, associatedData)).toEqual(utf8(vector.plaintext));
  });
});

describe('the envelope v1', () => {
  const vault = createVault(parseKeyring(envelopes.keys));

  test.each(envelopes.vectors.filter((vector) => vector.opens !== undefined))('opens: $name', async (vector) => {
    expect((await vault.open(vector.envelope, vector.context)).reveal()).toBe(vector.opens);
  });

  test.each(envelopes.vectors.filter((vector) => vector.fails !== undefined))('stays shut: $name', async (vector) => {
    const refusal = vault.open(vector.envelope, vector.context);
    await expect(refusal).rejects.toMatchObject({ code: vector.fails });
    await expect(refusal).rejects.toThrow(REASONS[vector.why as keyof typeof REASONS]);
  });

  test('has vectors of every kind of failure, no two alike', () => {
    const failing = envelopes.vectors.filter((vector) => vector.fails !== undefined);
    expect(new Set(failing.map(({ why }) => why))).toEqual(new Set(Object.keys(REASONS)));
    expect(new Set(envelopes.vectors.map(({ name }) => name)).size).toBe(envelopes.vectors.length);
  });

  test('is what sealing makes, under the first key and with a nonce of its own each time', async () => {
    const context = { kind: 'flow.secrets', id: 'flow_1' };
    const [one, two] = [await vault.seal(new Secret('x'), context), await vault.seal(new Secret('x'), context)];
    expect(one).toMatch(/^v1\.k1\.[A-Za-z0-9_-]{55}$/); // 24 + 1 + 16 bytes
    expect(one).not.toBe(two);
  });
});
