// A key that is no more: revoked, expired, of an agent that was disabled or deleted. It opens nothing at any
// endpoint in any revision, in the process where that happened at once and in every other within a second.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/vault/keyring.ts';
import type { StandIn } from '../stand-in/server.ts';
import { startStandIn } from '../stand-in/server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { startPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';
import { type Agent, agentWith, clientOf, connectTo, envelope, LEGACY, legacyClient, MODERN, post } from './agents.ts';
import { type Listening, listenIn, saidIn, sessionHeaders, subscribe } from './owners.ts';

const AGENTS = [MODERN, ...LEGACY];

/** Each way to lose access. */
const LOSSES: Record<string, (hub: TestHub, agent: Agent) => Promise<unknown>> = {
  revoked: async (hub, { id }) => {
    const { items } = await hub.ok('GET', `/api/agents/${id}/keys`);
    for (const key of items) await hub.ok('DELETE', `/api/agents/${id}/keys/${key.id}`);
  },
  'of a disabled agent': (hub, { id }) => hub.ok('PATCH', `/api/agents/${id}`, { enabled: false }),
  'of a deleted agent': (hub, { id }) => hub.ok('DELETE', `/api/agents/${id}`),
};

const listing = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: envelope() } };
const modernHeaders = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/list' };

describe.each(['sqlite', 'postgres'] as const)('on %s', (kind) => {
  let postgres: Awaited<ReturnType<typeof startPostgres>> | null = null;
  let hub: TestHub;
  let replica: TestHub;
  let server: StandIn;
  let connector: { id: string; key: string };
  let agent: Agent;

  beforeAll(async () => {
    server = await startStandIn('2025-11-25');
    const env: Record<string, string> = { CHATELAINE_ENCRYPTION_KEYS: generateKey() };
    if (kind === 'postgres') {
      postgres = await startPostgres();
      env.CHATELAINE_DATABASE_URL = await postgres.createDatabase();
    }
    hub = await startHub({ env });
    replica = await startHub({ env, folder: hub.folder, beside: true });
    connector = await connectTo(hub, server.url);
  });
  afterAll(async () => {
    await replica?.close();
    await hub?.close();
    await server?.close();
    await postgres?.stop();
  });
  beforeEach(async () => {
    agent = await agentWith(hub, [`mcp__${connector.key}__whoami`]);
  });

  const paths = () => ['/mcp', `/mcp/${connector.key}`];
  const statusAt = async (at: TestHub, path: string) =>
    (await post(`${at.url}${path}`, agent.key, listing, modernHeaders)).status;

  describe.each(Object.keys(LOSSES))('a key that is %s', (loss) => {
    const lose = () => LOSSES[loss]?.(hub, agent);

    test('opens nothing at once, in any revision, and looks like one that never was', async () => {
      const clients = await Promise.all(
        AGENTS.flatMap((version) => paths().map((path) => clientOf(version, `${hub.url}${path}`, agent.key))),
      );
      const heardBefore = server.heard.length;
      await lose();
      const refused = await Promise.all(
        clients.flatMap((client) =>
          ['tools/list', 'tools/call', 'ping', 'server/discover'].map((method) =>
            client.request(method, { name: 'whoami', arguments: { nonce: 'late' } }),
          ),
        ),
      );
      expect([...new Set(refused.map(({ status }) => status))]).toEqual([401]);
      for (const client of clients) {
        const url = `${hub.url}/mcp`;
        for (const method of ['GET', 'DELETE']) {
          expect((await fetch(url, { method, headers: sessionHeaders(agent.key, client) })).status).toBe(401);
        }
      }
      const said = async (key: string) => {
        const response = await post(`${hub.url}/mcp`, key, listing, modernHeaders);
        return [response.status, response.headers.get('www-authenticate'), await response.text()];
      };
      expect(await said(agent.key)).toEqual(await said(`chla_${'0'.repeat(43)}`));
      const late = server.heard.slice(heardBefore).filter(({ params }) => params?.arguments?.nonce === 'late');
      expect(late).toEqual([]);
    });

    test('opens nothing at another replica within a second', async () => {
      for (const path of paths()) expect(await statusAt(replica, path)).toBe(200);
      await lose();
      const lostAt = Date.now();
      await until('the other replica refuses it', async () => (await statusAt(replica, '/mcp')) === 401);
      expect(Date.now() - lostAt).toBeLessThan(1_500);
      expect(await statusAt(replica, `/mcp/${connector.key}`)).toBe(401);
    });

    test('ends the streams that it opened', async () => {
      const url = `${hub.url}/mcp`;
      const older = await legacyClient(url, agent.key, '2025-11-25');
      const streams: Listening[] = [await listenIn(url, agent.key, older), await subscribe(url, agent.key, 'sub', [])];
      await lose();
      await Promise.all(streams.map(({ ended }) => ended));
    });
  });

  test('a key that has expired opens nothing, and another of the same agent goes on', async () => {
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    const { key } = await hub.ok('POST', `/api/agents/${agent.id}/keys`, { label: 'short', expiresAt });
    const url = `${hub.url}/mcp/${connector.key}`;
    const client = await clientOf('2025-11-25', url, key);
    const call = () => client.request('tools/call', { name: 'whoami', arguments: { nonce: 'x' } });
    expect(saidIn((await call()).answer)).toMatchObject({ nonce: 'x' });
    await until('the key has expired', async () => (await call()).status === 401);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    expect((await post(url, key, listing, modernHeaders)).status).toBe(401);
    expect((await post(url, agent.key, listing, modernHeaders)).status).toBe(200);
    // The session belongs to the agent, so its other key carries it on.
    const older = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    expect((await post(url, null, older, sessionHeaders(agent.key, client))).status).toBe(200);
  });

  test('an agent that is enabled again works again with its old key', async () => {
    await hub.ok('PATCH', `/api/agents/${agent.id}`, { enabled: false });
    expect(await statusAt(hub, '/mcp')).toBe(401);
    await hub.ok('PATCH', `/api/agents/${agent.id}`, { enabled: true });
    expect(await statusAt(hub, '/mcp')).toBe(200);
  });
});
