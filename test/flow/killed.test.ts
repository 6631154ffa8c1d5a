// `chatelaine serve` on its embedded database, killed at any moment while it is changed, called and refreshed: what it
// acknowledged is there when it comes back.

import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, startCli } from '../cli/run-cli.ts';
import { Browser } from '../support/browser.ts';
import { ADMIN_TOKEN } from '../support/hub.ts';
import { leaks, type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

/** More by hand: `CHATELAINE_TEST_KILLS=50`. */
const KILLS = Number(process.env.CHATELAINE_TEST_KILLS ?? '4');
const CONNECTORS = 4;

let folder = '';
let provider: RunningProvider;
let hub: Running & { url: string };

async function start(): Promise<void> {
  const env = {
    CHATELAINE_ADMIN_TOKEN: ADMIN_TOKEN,
    CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    CHATELAINE_LOG_LEVEL: 'error',
  };
  const running = await startCli(['serve', '--port', '0', '--data', folder, '--json'], { env });
  hub = { ...running, url: (JSON.parse(running.line) as { url: string }).url };
}
async function api(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
  const response = await fetch(`${hub.url}/api/${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}
async function connect(id: string): Promise<void> {
  const { body } = await api('POST', `connectors/${id}/connect`, {});
  await new Browser().follow(body.connectUrl);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatelaine-killed-'));
  // Every use of such a token renews it.
  provider = await startProvider('sentry', { accessTokenSeconds: 200 });
  await start();
});
afterAll(async () => {
  hub?.process.kill('SIGKILL');
  await hub?.ended;
  await provider?.close();
  await rm(folder, { recursive: true, force: true });
});

test(`${KILLS} times`, { timeout: 180_000 + KILLS * 15_000 }, async () => {
  const connectors: string[] = [];
  for (let n = 0; n < CONNECTORS; n += 1) {
    const made = await api('POST', 'connectors', {
      name: `Killed ${n}`,
      url: provider.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
    });
    await connect(made.body.id);
    connectors.push(made.body.id);
  }
  /** What was acknowledged: the name of an agent, or null for one that was deleted. */
  const acknowledged = new Map<string, string | null>();
  const interrupted: string[] = [];

  const serves = async (id: string): Promise<void> => {
    const { status, body } = await api('POST', `connectors/${id}/requests`, { method: 'tools/list' });
    if (status !== 200) {
      // The answer of a refresh died with the process: the credential says so.
      expect([status, body.code]).toEqual([409, 'reauthorization_required']);
      expect(body.detail).toMatch(/interrupted/);
      interrupted.push(id);
      await connect(id);
    }
    expect((await api('GET', `connectors/${id}`)).body.credential.state).toBe('usable');
  };
  const allServe = async (): Promise<unknown> => Promise.all(connectors.map(serves));

  for (let kill = 0; kill < KILLS; kill += 1) {
    let isDead = false;
    let changes = 0;
    let calls = 0;
    const untilDead = async (work: () => Promise<void>): Promise<void> => {
      while (!isDead) {
        try {
          await work();
        } catch (error) {
          // Only a connection that broke is no acknowledgement; anything else is a fault.
          if (!isDead && !(error instanceof TypeError)) throw error;
          if (error instanceof TypeError) return;
        }
      }
    };
    const change = async (): Promise<void> => {
      const name = `Agent ${crypto.randomUUID()}`;
      const made = await api('POST', 'agents', { name });
      expect(made.status).toBe(201);
      const { id } = made.body;
      acknowledged.set(id, name);
      // From here on either name may be found, until the answer says which.
      const renamed = `${name} renamed`;
      acknowledged.set(id, `${name}|${renamed}`);
      expect((await api('PATCH', `agents/${id}`, { name: renamed })).status).toBe(200);
      acknowledged.set(id, renamed);
      changes += 1;
      if (changes % 3 !== 0) return;
      acknowledged.delete(id);
      expect((await api('DELETE', `agents/${id}`)).status).toBe(204);
      acknowledged.set(id, null);
    };
    const call = (id: string) => async (): Promise<void> => {
      expect((await api('POST', `connectors/${id}/requests`, { method: 'tools/list' })).status).toBe(200);
      calls += 1;
    };
    const load = [change, change, change, ...connectors.map(call)].map(untilDead);
    await until('the load is on', () => changes > 2 && calls > 2);
    await new Promise((resolve) => setTimeout(resolve, randomInt(400)));
    hub.process.kill('SIGKILL');
    expect((await hub.ended).signal).toBe('SIGKILL');
    isDead = true;
    await Promise.all(load);

    const database = new DatabaseSync(join(folder, 'chatelaine.db'));
    expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    expect(database.prepare('pragma foreign_key_check').all()).toEqual([]);
    database.close();
    await start();

    const found = new Map<string, string>();
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await api('GET', `agents?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`);
      for (const { id, name } of body.items) found.set(id, name);
      cursor = body.nextCursor;
    }
    for (const [id, name] of acknowledged) {
      if (name === null) expect(found.has(id)).toBe(false);
      else expect(name.split('|')).toContain(found.get(id));
    }
    await allServe();
  }
  // Whatever was valid until now, every refresh token is needed once more.
  await provider.expireAccessTokens();
  await allServe();
  expect(acknowledged.size).toBeGreaterThan(KILLS * 3);
  const presented = provider.requests
    .map(({ path, body }) => (path.endsWith('/token') ? new URLSearchParams(body).get('refresh_token') : null))
    .filter((token) => token !== null);
  // A second time only where nobody could know what had become of the first.
  expect(presented.length - new Set(presented).size).toBe(interrupted.length);
  expect(await leaks(folder, new Map())).toEqual([]);
  console.info(
    `${acknowledged.size} acknowledged agents, ${interrupted.length} interrupted refreshes in ${KILLS} kills`,
  );
});
