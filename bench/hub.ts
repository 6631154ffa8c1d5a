// A hub for measuring: real store, vault, guarded network; a counter in front of the network.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHub, type EmbeddedHub } from '../src/server/create-hub.ts';
import { generateKey } from '../src/vault/keyring.ts';

export const ME = { name: 'bench' };

export async function openHub(): Promise<EmbeddedHub & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-bench-'));
  const hub = await createHub({
    url: 'http://127.0.0.1:4100',
    database: { kind: 'sqlite', file: join(folder, 'chatelaine.db') },
    encryptionKeys: generateKey(),
    allowedPrivateHosts: '127.0.0.1',
    background: false,
  });
  return {
    ...hub,
    folder,
    close: async () => {
      await hub.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
