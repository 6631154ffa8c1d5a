// What an agent key looks like.

import type { Secret } from '../secret.ts';

/** By this a person and a secret scanner recognise an agent key. */
export const AGENT_KEY_PREFIX = 'chla_';
const MAX_CHARACTERS = 200;

/** Whether it may be one at all, which spares a query for everything else. */
export function isAgentKey(presented: Secret): boolean {
  const text = presented.reveal();
  return text.startsWith(AGENT_KEY_PREFIX) && text.length <= MAX_CHARACTERS;
}
