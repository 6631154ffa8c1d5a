import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { hashToken, randomToken } from '../../src/vault/hash.ts';

test('hashToken is SHA-256 in base64url', async () => {
  const token = randomToken('chk_');
  const expected = createHash('sha256').update(token.reveal()).digest('base64url');
  expect(await hashToken(token)).toBe(expected);
  expect(await hashToken(new Secret('abc'))).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
});

test('randomToken has its prefix, 256 bits unless told otherwise, and never comes twice', () => {
  const tokens = Array.from({ length: 200 }, () => randomToken('chk_').reveal());
  for (const token of tokens) expect(token).toMatch(/^chk_[A-Za-z0-9_-]{43}$/);
  expect(new Set(tokens).size).toBe(200);
  expect(randomToken('', 16).reveal()).toMatch(/^[A-Za-z0-9_-]{22}$/);
});
