// A hub with a clock of one's own, mounted in a plain node:http server.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { type CreateHubOptions, createHub, type EmbeddedHub } from '../../src/server/create-hub.ts';
import { generateKey } from '../../src/vault/keyring.ts';

export const ME = { name: 'test' };

export type Embedded = EmbeddedHub & {
  url: string;
  file: string;
  keys: string;
  clock: { ahead: number };
  close(): Promise<void>;
};

/** `clock.ahead` milliseconds are added to the time that the hub sees; `mount` is the path of its public URL. */
export async function startEmbedded({
  mount = '',
  ...options
}: Partial<CreateHubOptions> & { mount?: string } = {}): Promise<Embedded> {
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-embedded-'));
  const file = join(folder, 'chatelaine.db');
  const keys = generateKey();
  const clock = { ahead: 0 };
  let handle: EmbeddedHub['fetch'] | undefined;
  const server = createServer(
    getRequestListener((request) => handle?.(request) ?? new Response('starting', { status: 503 })),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}${mount}`;
  const hub = await createHub({
    url,
    database: { kind: 'sqlite', file },
    encryptionKeys: keys,
    allowedPrivateHosts: '127.0.0.1',
    background: false,
    now: () => Date.now() + clock.ahead,
    ...options,
  });
  handle = hub.fetch;
  return {
    ...hub,
    url,
    file,
    keys,
    clock,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await hub.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
