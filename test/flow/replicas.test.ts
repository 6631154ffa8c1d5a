// Two processes on one PostgreSQL, and processes that die in the middle of a refresh.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHub, type EmbeddedHub } from '../../src/server/create-hub.ts';
import { generateKey } from '../../src/vault/keyring.ts';
import { type Child, startChild } from '../support/child.ts';
import { ADMIN_TOKEN, startHub, type TestHub } from '../support/hub.ts';
import { startPostgres } from '../support/postgres.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';

type Postgres = Awaited<ReturnType<typeof startPostgres>>;
const call = (url: string, method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

describe('two processes on one PostgreSQL', () => {
  let postgres: Postgres;
  let provider: RunningProvider;
  let hub: TestHub;
  let other: Child<{ url: string }>;
  const keys = generateKey();

  beforeAll(async () => {
    [postgres, provider] = await Promise.all([startPostgres(), startProvider('sentry')]);
    const database = await postgres.createDatabase();
    hub = await startHub({ env: { CHATELAINE_DATABASE_URL: database, CHATELAINE_ENCRYPTION_KEYS: keys } });
    other = await startChild<{ url: string }>('./serve-child.ts', {
      CHATELAINE_PORT: '0',
      CHATELAINE_DATABASE_URL: database,
      CHATELAINE_ENCRYPTION_KEYS: keys,
      CHATELAINE_ADMIN_TOKEN: ADMIN_TOKEN,
      CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1',
    });
  });
  afterAll(async () => {
    await other?.stop();
    await hub?.close();
    await provider?.close();
    await postgres?.stop();
  });

  test('200 callers at once with an expired token: exactly one token request, everyone served', async () => {
    provider.faults.accessTokenSeconds = 1;
    const made = await hub.ok('POST', '/api/connectors', {
      name: 'Shared',
      url: provider.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
    });
    await hub.connect(made.id);
    const { credential } = await hub.ok('GET', `/api/connectors/${made.id}`);
    while (Date.parse(credential.expiresAt) > Date.now()) await new Promise((resolve) => setTimeout(resolve, 20));
    provider.faults.accessTokenSeconds = 3600;
    provider.clearRequests();
    const urls = [hub.url, other.said.url];
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        call(urls[i % 2] ?? '', 'POST', `/api/connectors/${made.id}/requests`, { method: 'tools/list' }),
      ),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(200).fill(200));
    expect(provider.count('/token', 'POST')).toBe(1);
  });

  test('what one process disconnects, the other stops using within a second', async () => {
    const made = await hub.ok('POST', '/api/connectors', {
      name: 'Cut',
      url: provider.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
    });
    await hub.connect(made.id);
    const list = () => call(other.said.url, 'POST', `/api/connectors/${made.id}/requests`, { method: 'tools/list' });
    expect((await list()).status).toBe(200);
    await hub.ok('DELETE', `/api/connectors/${made.id}/credential`);
    const cutAt = Date.now();
    let status = 200;
    while (status === 200) status = (await list()).status;
    expect(status).toBe(409);
    expect(Date.now() - cutAt).toBeLessThan(1_500);
  });

  test('a flow that began at one process ends at the other', async () => {
    const made = await hub.ok('POST', '/api/connectors', {
      name: 'Across',
      url: provider.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
    });
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
    const browser = hub.browser();
    const back = await browser.follow(connectUrl, (next) => next.href.startsWith(`${hub.url}/oauth/callback`));
    const there = new URL(back.url);
    there.host = new URL(other.said.url).host;
    const end = await browser.get(there.href);
    expect(end.location?.searchParams.get('error')).toBeNull();
    expect((await hub.ok('GET', `/api/connectors/${made.id}`)).credential.state).toBe('usable');
  });
});

describe('a process killed between the provider’s answer and the saved token', () => {
  /** More by hand: `CHATELAINE_TEST_KILLS=100`. */
  const KILLS = Number(process.env.CHATELAINE_TEST_KILLS ?? '40');
  const MOMENTS = ['request_sent', 'answer_received', 'before_save', 'during_save', 'after_save'];
  let provider: RunningProvider;
  let hub: TestHub;
  let late: EmbeddedHub;

  beforeAll(async () => {
    provider = await startProvider('sentry', { accessTokenSeconds: 120 });
    hub = await startHub();
  });
  afterAll(async () => {
    await late?.close();
    await hub?.close();
    await provider?.close();
  });

  test(`${KILLS} times: no credential is lost without being marked so`, { timeout: 500_000 }, async () => {
    const keys = (await import('node:fs/promises')).readFile(`${hub.folder}/encryption.key`, 'utf8');
    const env = { DATABASE_FILE: `${hub.folder}/chatelaine.db`, ENCRYPTION_KEYS: (await keys).trim() };
    // Two minutes later, so that the dead process's lease has lapsed.
    late = await createHub({
      url: hub.url,
      database: { kind: 'sqlite', file: env.DATABASE_FILE },
      encryptionKeys: env.ENCRYPTION_KEYS,
      allowedPrivateHosts: '127.0.0.1',
      background: false,
      now: () => Date.now() + 60_000,
    });
    const outcomes = { served: 0, marked: 0 };
    const one = async (lane: number, moments: string[]): Promise<void> => {
      const made = await hub.ok('POST', '/api/connectors', {
        name: `Killed ${lane}`,
        url: provider.mcpUrl,
        authType: 'oauth',
        credentialMode: 'shared',
      });
      await hub.connect(made.id);
      for (const moment of moments) {
        const child = await startChild<{ ready: true }>('./kill-child.ts', {
          ...env,
          CONNECTOR: made.id,
          MOMENT: moment,
        });
        expect((await child.exited).signal).toBe('SIGKILL');
        let served = false;
        try {
          const { headers } = await late.hub.resolve(made.id, null);
          const answer = await fetch(provider.mcpUrl, {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
            body: JSON.stringify({
              jsonrpc: '2.0',
              id: 1,
              method: 'initialize',
              params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
            }),
          });
          await answer.body?.cancel();
          served = answer.status === 200;
        } catch (error) {
          expect(error).toMatchObject({ code: 'reauthorization_required' });
        }
        const { credential } = await hub.ok('GET', `/api/connectors/${made.id}`);
        if (served) {
          expect(credential.state).toBe('usable');
          outcomes.served += 1;
        } else {
          expect(credential).toMatchObject({
            configured: true,
            state: 'reauthorization_required',
            reason: expect.stringContaining('invalid_grant'),
          });
          outcomes.marked += 1;
          await hub.connect(made.id);
        }
      }
    };
    const plan = Array.from({ length: KILLS }, (_, i) => MOMENTS[i % MOMENTS.length] ?? '');
    await Promise.all(
      [0, 1].map((lane) =>
        one(
          lane,
          plan.filter((_, i) => i % 2 === lane),
        ),
      ),
    );
    expect(outcomes.served + outcomes.marked).toBe(KILLS);
    expect(outcomes.served).toBeGreaterThan(0);
    expect(outcomes.marked).toBeGreaterThan(0);
  });
});
