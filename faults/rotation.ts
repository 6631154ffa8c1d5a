// Encryption keys change places: every secret is brought under the one that the replicas know as the old one, by the
// command line beside them, so that they have something to rotate back.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { World } from './world.ts';

const COMMAND = fileURLToPath(new URL('../bin/chatelaine.mjs', import.meta.url));

/** @throws when the command does not end well; a secret that was changed meanwhile is no failure */
export async function rotateUnderOtherKey({ postgres, keys }: World): Promise<void> {
  const child = spawn(process.execPath, [COMMAND, 'keys', 'rotate', '--json'], {
    env: {
      PATH: process.env.PATH ?? '',
      CHATELAINE_DATABASE_URL: postgres.urlAt('127.0.0.1', postgres.port),
      CHATELAINE_ENCRYPTION_KEYS: keys.other,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
  await once(child, 'close');
  const report = said.match(/"unreadable":(\d+)/g) ?? [];
  if (report.length === 0 || report.some((one) => one !== '"unreadable":0')) throw new Error(`keys rotate: ${said}`);
}
