// How a server begins and ends: it waits for its database, and lets nobody down who is being answered.

import { createServer, type Socket, connect as tcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/vault/keyring.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { runCli, startCli } from './run-cli.ts';

const TOKEN = 'test-admin-token-0123456789-0123456789';
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

/** A door to the database that is shut at first. */
async function shutDoor(databaseUrl: string) {
  const real = new URL(databaseUrl);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const far = tcp(Number(real.port), real.hostname);
    for (const one of [socket, far]) {
      open.add(one);
      one.on('error', () => undefined).on('close', () => open.delete(one));
    }
    socket.pipe(far).pipe(socket);
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  const url = new URL(databaseUrl);
  url.port = String(port);
  return {
    url: url.href,
    open: () => listen(port),
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const settingsOf = (databaseUrl: string) => ({
  CHATELAINE_DATABASE_URL: databaseUrl,
  CHATELAINE_ENCRYPTION_KEYS: generateKey(),
  CHATELAINE_ADMIN_TOKEN: TOKEN,
  CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
  CHATELAINE_PORT: '0',
});

describe('a server whose database is not there yet', () => {
  test('says so, is alive and not ready, and serves once it is there', async () => {
    const door = await shutDoor(await postgres.createDatabase());
    const port = await freePort();
    const env = { ...settingsOf(door.url), CHATELAINE_PORT: String(port) };
    const running = await startCli(['serve', '--json'], { env }, 'stderr');
    try {
      expect(JSON.parse(running.line)).toMatchObject({ level: 40, msg: expect.stringContaining('database') });
      const url = `http://127.0.0.1:${port}`;
      expect((await fetch(`${url}/readyz`)).status).toBe(503);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect((await fetch(`${url}/api/agents`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(503);
      await door.open();
      await until('it is ready', async () => (await fetch(`${url}/readyz`)).status === 200);
      expect((await fetch(`${url}/api/agents`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    } finally {
      running.process.kill('SIGTERM');
      expect((await running.ended).code).toBe(0);
      await door.close();
    }
  });

  test('ends when it is told to while it waits', async () => {
    const door = await shutDoor(await postgres.createDatabase());
    const running = await startCli(['serve', '--json'], { env: settingsOf(door.url) }, 'stderr');
    running.process.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0, stdout: '' });
  });

  test('ends at once when waiting would change nothing', async () => {
    const url = new URL(await postgres.createDatabase());
    url.password = 'mistaken';
    const { code, stderr } = await runCli(['serve'], { env: settingsOf(url.href) });
    expect([code, stderr]).toEqual([1, expect.stringContaining('The database did not answer as it should')]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
