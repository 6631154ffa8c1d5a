// The fingerprint of a tool definition: what a person has granted can be told from what the server offers now.

import { canonicalJson } from './canonical-json.ts';
import type { ToolDefinition } from './types.ts';

/** SHA-256 over the canonical JSON of the whole definition, base64url without padding (43 characters). */
export async function toolDigest(tool: ToolDefinition): Promise<string> {
  const bytes = new TextEncoder().encode(canonicalJson(tool));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
