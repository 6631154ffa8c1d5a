// An embedded database whose disk is full, whose file is gone or cannot be written: what can be served is served, what
// cannot be kept is not acknowledged, and what a full disk stopped goes on by itself.

import { mkdirSync, renameSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { agentWith, connectTo, envelope, post, read } from '../gateway/agents.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { canMount, mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { until } from '../support/until.ts';

let provider: RunningProvider;
let hub: TestHub;
let connector: { id: string; key: string };
let agent: { id: string; key: string };

/** A hub in this folder with one connector, signed in, and one agent that has called. */
async function begin(folder: string): Promise<void> {
  [hub, provider] = await Promise.all([startHub({ folder, background: false }), startProvider('sentry')]);
  connector = await connectTo(hub, provider.mcpUrl, { authType: 'oauth', credentialMode: 'shared' });
  await hub.connect(connector.id);
  agent = await agentWith(hub, [`mcp__${connector.key}__whoami`]);
  expect(await call()).toContain('ada@example.test');
  await until('the call is in the log', async () => (await logged()) === 1);
}
async function call(): Promise<string> {
  const params = { name: 'whoami', arguments: {}, _meta: envelope() };
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'whoami' };
  return JSON.stringify((await read(await post(`${hub.url}/mcp/${connector.key}`, agent.key, body, headers))).answer);
}
const logged = async (): Promise<number> => (await hub.ok('GET', '/api/calls')).items.length;
const refreshes = (): number =>
  provider.requests.filter(({ path, body }) => path.endsWith('/token') && body.includes('grant_type=refresh_token'))
    .length;
const integrity = (folder: string): unknown[] => {
  const database = new DatabaseSync(join(folder, 'chatelaine.db'));
  try {
    return database.prepare('pragma integrity_check').all();
  } finally {
    database.close();
  }
};
/** Signs in anew, for a token that lives this long. */
async function withToken(seconds: number): Promise<void> {
  provider.faults.accessTokenSeconds = seconds;
  await hub.connect(connector.id);
  provider.faults.accessTokenSeconds = 3600;
  provider.clearRequests();
}
const credential = async () => (await hub.ok('GET', `/api/connectors/${connector.id}`)).credential;

describe.skipIf(!canMount)('on a disk that is full', () => {
  let disk: SmallDisk;
  const folder = (): string => join(disk.path, 'data');
  beforeEach(async () => {
    disk = mountSmallDisk(8);
    await begin(folder());
  });
  afterEach(async () => {
    disk?.free();
    await hub?.close();
    await provider?.close();
    disk?.remove();
  });

  test('changes are refused with what to do, agents are served, and all goes on when there is space', async () => {
    disk.fill();
    for (const [method, path, body] of [
      ['POST', '/api/agents', { name: 'One more' }],
      ['POST', `/api/connectors/${connector.id}/connect`, {}],
      ['DELETE', `/api/connectors/${connector.id}/credential`, undefined],
    ] as const) {
      const refused = await hub.api(method, path, body);
      expect(refused).toMatchObject({
        status: 503,
        body: { code: 'store_unavailable', detail: expect.stringContaining('free some space') },
      });
    }
    expect((await hub.api('GET', '/readyz')).status).toBe(200);
    await until('agents are served past every short memory', async () => {
      expect(await call()).toContain('ada@example.test');
      return hub.logged.some((line) => line.includes('calls could not be logged; they are kept'));
    });

    disk.free();
    expect((await hub.api('POST', '/api/agents', { name: 'One more' })).status).toBe(201);
    await until('the calls of that time are in the log', async () => (await logged()) > 1);
    expect((await credential()).state).toBe('usable');
    expect(integrity(folder())).toEqual([{ integrity_check: 'ok' }]);
  });

  test('a token that is due and still good is used, and no refresh token is presented that could not be replaced', async () => {
    await withToken(200);
    disk.fill();
    expect(await call()).toContain('ada@example.test');
    expect(await call()).toContain('ada@example.test');
    expect(refreshes()).toBe(0);
    disk.free();
    expect(await call()).toContain('ada@example.test');
    expect(refreshes()).toBe(1);
  });

  test('a rotated token that arrives when the disk is full is saved when it is not: nobody has to sign in again', async () => {
    await withToken(200);
    provider.faults.delayMs = { token: 300 };
    const first = call();
    await until('the refresh is under way', () => refreshes() === 1);
    disk.fill();
    expect(await first).toContain('ada@example.test');
    disk.free();
    await until(
      'the new token is saved',
      async () => Date.parse((await credential()).expiresAt) > Date.now() + 600_000,
    );
    expect(await credential()).toMatchObject({ state: 'usable', reason: null });
    await provider.expireAccessTokens();
    expect(await call()).toContain('ada@example.test');
    expect(refreshes()).toBe(2);
  });
});

describe('a database file that is moved away while it is open', () => {
  let root = '';
  const folder = (): string => join(root, 'data');
  const away = (): string => join(root, 'elsewhere');
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'chatelaine-gone-'));
    await begin(folder());
  });
  afterEach(async () => {
    await hub?.close();
    await provider?.close();
    await rm(root, { recursive: true, force: true });
  });

  test('takes no change that nobody would find again, is not ready, and goes on when it is back', async () => {
    renameSync(folder(), away());
    const refused = await hub.api('POST', '/api/agents', { name: 'Lost' });
    expect(refused).toMatchObject({
      status: 503,
      body: { code: 'store_unavailable', detail: expect.stringContaining('put it back') },
    });
    expect((await hub.api('GET', '/readyz')).status).toBe(503);
    expect((await hub.api('GET', '/healthz')).status).toBe(200);
    expect(await call()).toContain('ada@example.test');
    // Another file in its place is not the one that is open.
    mkdirSync(folder());
    new DatabaseSync(join(folder(), 'chatelaine.db')).close();
    expect((await hub.api('POST', '/api/agents', { name: 'Lost' })).status).toBe(503);
    await rm(folder(), { recursive: true });

    renameSync(away(), folder());
    expect((await hub.api('GET', '/readyz')).status).toBe(200);
    expect((await hub.api('POST', '/api/agents', { name: 'Found' })).status).toBe(201);
    await until('the calls of that time are in the log', async () => (await logged()) > 1);
    expect(integrity(folder())).toEqual([{ integrity_check: 'ok' }]);
  });
});

describe.skipIf(!canMount)('a disk that cannot be written', () => {
  test('is told at the start, in words that say what to do', async () => {
    const disk = mountSmallDisk(8);
    try {
      await runCli(['agents', 'list', '--data', join(disk.path, 'data')]);
      disk.setReadOnly(true);
      const { code, stderr } = await runCli(['serve', '--port', '0', '--data', join(disk.path, 'data')]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^chatelaine: .*read-only.*\n$/);
    } finally {
      disk.remove();
    }
  });
});
