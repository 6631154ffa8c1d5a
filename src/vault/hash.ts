// Tokens that Chatelaine gives out itself (agent keys, API tokens, connect tickets, browser bindings): made
// here, stored only as a hash, found again by that hash.

import { Secret } from '../secret.ts';
import { toBase64Url } from './base64.ts';

const TOKEN_BYTES = 32;

/** A new token: the prefix, by which people and secret scanners recognise it, and random bytes in base64url. */
export function randomToken(prefix: string, bytes = TOKEN_BYTES): Secret {
  return new Secret(prefix + toBase64Url(crypto.getRandomValues(new Uint8Array(bytes))));
}

/**
 * SHA-256 in base64url, for tokens of `randomToken` only. No salt and no slow hash: 256 random bits cannot be
 * guessed however fast the hash is, and an unsalted hash can be looked up by an index. The lookup leaks
 * by its duration at most how a hash begins, and from a hash nobody gets to a token.
 */
export async function hashToken(token: Secret): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token.reveal()));
  return toBase64Url(new Uint8Array(digest));
}
