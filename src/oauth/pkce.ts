// Proof Key for Code Exchange (RFC 7636), S256 only: whoever steals the authorization code cannot use it.

import { calculatePKCECodeChallenge, generateRandomCodeVerifier } from 'oauth4webapi';
import { Secret } from '../secret.ts';

/**
 * A verifier for one flow (43 characters, 256 random bits) and its challenge (base64url, no padding).
 *
 * @see RFC 7636 sections 4.1 and 4.2
 */
export async function createPkce(): Promise<{ verifier: Secret; challenge: string }> {
  const verifier = generateRandomCodeVerifier();
  return { verifier: new Secret(verifier), challenge: await calculatePKCECodeChallenge(verifier) };
}
