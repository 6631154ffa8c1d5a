import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createPkce } from '../../src/oauth/pkce.ts';

test('the verifier is fresh, long enough and of allowed characters; the challenge is its SHA-256 without padding', async () => {
  const [one, other] = [await createPkce(), await createPkce()];
  expect(one.verifier.reveal()).toMatch(/^[A-Za-z0-9\-._~]{43,128}$/);
  expect(one.verifier.equals(other.verifier)).toBe(false);
  expect(one.challenge).toBe(createHash('sha256').update(one.verifier.reveal()).digest('base64url'));
  expect(one.challenge).toMatch(/^[A-Za-z0-9_-]{43}$/);
});
