// How a server begins and ends: it waits for its database, and lets nobody down who is being answered.

import { createServer, type Socket, connect as tcp } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/vault/keyring.ts';
import { envelope, MODERN, modernClient, post } from '../gateway/agents.ts';
import { miniServer, modern, result, tool } from '../mcp/mini-server.ts';
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
      const url = `http://127.0.0.1:${port}`;
      await until('it is alive', async () => (await fetch(`${url}/healthz`).catch(() => null))?.status === 200);
      expect((await fetch(`${url}/readyz`)).status).toBe(503);
      expect((await fetch(`${url}/api/agents`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(503);
      await door.open();
      await until('it is ready', async () => (await fetch(`${url}/readyz`)).status === 200);
      expect((await fetch(`${url}/api/agents`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    } finally {
      running.process.kill('SIGTERM');
      const { code, stderr } = await running.ended;
      expect(code).toBe(0);
      expect(stderr).toContain('waiting for the database');
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

describe('a server that is told to stop', () => {
  /** A hub with one tool that waits until it is let go, and an agent that may call it. */
  async function atWork(env: Record<string, string> = {}) {
    const letGo: (() => void)[] = [];
    const server = await miniServer(
      modern((seen, response) => {
        if (seen.rpc.method === 'tools/list') result(response, seen, { resultType: 'complete', tools: [tool('wait')] });
        else if (seen.rpc.method === 'tools/call')
          letGo.push(() =>
            result(response, seen, { resultType: 'complete', content: [{ type: 'text', text: 'done' }] }),
          );
        else return false;
        return true;
      }),
    );
    const databaseUrl = await postgres.createDatabase();
    const settings = { ...settingsOf(databaseUrl), ...env };
    const running = await startCli(['serve', '--json'], { env: settings });
    const { url } = JSON.parse(running.line) as { url: string };
    const api = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      const response = await fetch(`${url}/api/${path}`, {
        method,
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return (await response.json()) as T;
    };
    type Made = { id: string; key: string };
    const connector = await api<Made>('POST', 'connectors', { name: 'Waiting', url: server.url, authType: 'none' });
    const agent = await api<Made>('POST', 'agents', { name: 'Ada' });
    await api('PUT', `agents/${agent.id}/tools`, { tools: [`mcp__${connector.key}__wait`] });
    const { key } = await api<Made>('POST', `agents/${agent.id}/keys`, { label: 'test' });
    const client = modernClient(`${url}/mcp/${connector.key}`, key);
    const call = client.request('tools/call', { name: 'wait', arguments: {} });
    await until('the server has the call', () => letGo.length === 1);
    return { url, running, databaseUrl, key, call, letGo };
  }

  test('is not ready first, and serves until that was noticed', async () => {
    const { url, running, call, letGo } = await atWork({ CHATELAINE_STOP_NOTICE_SECONDS: '4' });
    running.process.kill('SIGTERM');
    await until('it is not ready', async () => (await fetch(`${url}/readyz`)).status === 503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/api/agents`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    letGo[0]?.();
    expect((await call).status).toBe(200);
    expect((await running.ended).code).toBe(0);
  });

  test('ends the streams that only listen, finishes the call, and has it in the log', async () => {
    const { url, running, databaseUrl, key, call, letGo } = await atWork({ CHATELAINE_STOP_NOTICE_SECONDS: '0' });
    const listening = await subscribe(url, key);
    running.process.kill('SIGTERM');
    expect(await listening.text()).toContain('"resultType":"complete"');
    letGo[0]?.();
    expect((await call).answer.result.content).toEqual([{ type: 'text', text: 'done' }]);
    expect((await running.ended).code).toBe(0);
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client
      .query("select outcome from calls where tool_name = 'wait'")
      .finally(() => client.end());
    expect(rows).toEqual([{ outcome: 'ok' }]);
  });

  test('tells who still waits in the end to try again', async () => {
    const { running, call } = await atWork({ CHATELAINE_STOP_NOTICE_SECONDS: '0' });
    running.process.kill('SIGTERM');
    const { status, headers, answer } = await call;
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(answer.error?.message).toContain('stopping');
    expect((await running.ended).code).toBe(0);
  });
});

const subscribe = (url: string, key: string): Promise<Response> =>
  post(
    `${url}/mcp`,
    key,
    {
      jsonrpc: '2.0',
      id: 'listening',
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true }, _meta: envelope() },
    },
    { 'mcp-protocol-version': MODERN, 'mcp-method': 'subscriptions/listen' },
  );

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
