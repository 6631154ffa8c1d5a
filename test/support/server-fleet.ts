// Several servers on one database, each a process of its own at an address that stays, to be killed and started
// again at will.

import { createServer } from 'node:net';
import { type Child, startChild } from './child.ts';
import { ADMIN_TOKEN } from './hub.ts';

export type Fleet = {
  readonly urls: readonly string[];
  /** A request with the owner's token; `i` is taken modulo the number of servers. */
  call(i: number, method: string, path: string, body?: unknown): Promise<Response>;
  /** SIGKILL, and a new process at the same address. */
  killAndRestart(i: number): Promise<void>;
  /** One after the other, so that there is always one where there are several. */
  restartAll(keys: string): Promise<void>;
  startAll(keys: string): Promise<void>;
  stop(): Promise<void>;
};

export async function startFleet(size: number, env: Record<string, string>, firstKeys: string): Promise<Fleet> {
  const ports = await Promise.all(Array.from({ length: size }, freePort));
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const running: (Child<{ url: string }> | null)[] = ports.map(() => null);
  let keys = firstKeys;

  const start = async (i: number): Promise<void> => {
    running[i] = await startChild<{ url: string }>('./serve-child.ts', {
      CHATELAINE_PORT: String(ports[i]),
      CHATELAINE_ADMIN_TOKEN: ADMIN_TOKEN,
      CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
      CHATELAINE_ENCRYPTION_KEYS: keys,
      ...env,
    });
  };
  const fleet: Fleet = {
    urls,
    call: (i, method, path, body) =>
      fetch(`${urls[i % size]}${path}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async killAndRestart(i) {
      const one = running[i % size];
      one?.process.kill('SIGKILL');
      await one?.exited;
      await start(i % size);
    },
    async restartAll(next) {
      keys = next;
      for (const [i, one] of running.entries()) {
        await one?.stop();
        await start(i);
      }
    },
    async startAll(next) {
      keys = next;
      await Promise.all(running.map((_, i) => start(i)));
    },
    async stop() {
      await Promise.all(running.map((one) => one?.stop()));
    },
  };
  await fleet.startAll(firstKeys);
  return fleet;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
