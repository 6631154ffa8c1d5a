import { describe, expect, test } from 'vitest';
import { ChatelaineError } from '../../src/errors.ts';
import { generateKey, parseKeyring } from '../../src/vault/keyring.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const OTHER = Buffer.alloc(32, 9).toString('base64');

function refusalOf(text: string): ChatelaineError {
  try {
    parseKeyring(text);
  } catch (error) {
    if (error instanceof ChatelaineError) return error;
  }
  throw new Error('was accepted');
}

describe('parseKeyring', () => {
  test('encrypts with the first key and knows every key by its id', () => {
    const keyring = parseKeyring(` new:${KEY} , old:${OTHER}`);
    expect(keyring.current.id).toBe('new');
    expect(keyring.find('old')?.id).toBe('old');
    expect(keyring.find('none')).toBeNull();
    expect(keyring.find('__proto__')).toBeNull();
  });

  test('imports a key once', () => {
    const { current } = parseKeyring(`a:${KEY}`);
    expect(current.import()).toBe(current.import());
  });

  test('makes CryptoKeys that cannot be exported', async () => {
    const { blockCipher } = await parseKeyring(`a:${KEY}`).current.import();
    expect(blockCipher.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('raw', blockCipher)).rejects.toThrow();
  });

  test.each([
    ['nothing', '', /entry 1/],
    ['a key without an id', KEY, /entry 1/],
    ['an empty id', `:${KEY}`, /entry 1/],
    ['an id with a forbidden character', `a.b:${KEY}`, /entry 1/],
    ['an id that is too long', `${'a'.repeat(33)}:${KEY}`, /entry 1/],
    ['key and id exchanged', `${KEY}:a`, /entry 1/],
    ['a comma too much', `a:${KEY},`, /entry 2/],
    ['a second key that is too short', `a:${KEY},b:${KEY.slice(4)}`, /entry 2 \(id "b"\) must hold 32 bytes/],
    ['a key that is too long', `a:${Buffer.alloc(33).toString('base64')}`, /32 bytes in base64/],
    ['a key in hex', `a:${Buffer.alloc(32, 7).toString('hex')}`, /32 bytes in base64/],
    ['a key without its padding', `a:${KEY.slice(0, -1)}`, /32 bytes in base64/],
    ['a key whose unused bits are set', `a:${KEY.slice(0, -2)}d=`, /32 bytes in base64/],
    ['a key with a space inside', `a:${KEY.slice(0, 20)} ${KEY.slice(20)}`, /32 bytes in base64/],
    ['two keys of one id', `a:${KEY},a:${OTHER}`, /two keys have the id "a"/],
  ])('refuses %s, names the setting and the entry and never shows key material', (_, text, expected) => {
    const error = refusalOf(text);
    expect(error.code).toBe('invalid_settings');
    expect(error.message).toContain('CHATELAINE_ENCRYPTION_KEYS');
    expect(error.message).toMatch(expected);
    for (const material of [KEY, OTHER]) expect(error.message).not.toContain(material.slice(4, 12));
  });
});

test('generateKey makes an entry that the setting accepts, another one each time', () => {
  const keys = Array.from({ length: 50 }, generateKey);
  expect(new Set(keys).size).toBe(50);
  for (const key of keys) expect(parseKeyring(key).current.id).toMatch(/^k[0-9a-f]{8}$/);
  expect(() => parseKeyring(keys.join(','))).not.toThrow();
});
