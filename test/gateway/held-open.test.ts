// What one agent holds open takes nothing from another: streams, sessions, links, calls under way.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStandIn } from '../stand-in/server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { rememberSecrets } from '../support/providers.ts';
import { until } from '../support/until.ts';
import { agentWith, clientOf, connectTo, legacyClient, MODERN, modernClient } from './agents.ts';
import { at, giveCredential, listenIn, nonceOf, setScene, subscribe } from './owners.ts';

/** One more than fit into the pool of a server (CONNECTIONS_PER_ORIGIN). */
const STREAMS = 257;

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub?.close());

test('a link that was used, or whose sign-in was ended, is not handed out again', async () => {
  const server = await startStandIn(MODERN, { auth: 'oauth' });
  rememberSecrets(server.secrets);
  const connector = await connectTo(hub, server.url, { authType: 'oauth', credentialMode: 'per_agent' });
  const first = await agentWith(hub, []);
  await giveCredential(hub, server, connector.id, first.id, 'first');
  const ada = await agentWith(hub, [`mcp__${connector.key}__whoami`]);
  const linkOf = async () => {
    const client = await clientOf(MODERN, `${hub.url}/mcp/${connector.key}`, ada.key);
    const { answer } = await client.request('tools/call', { name: 'whoami', arguments: {} });
    return new RegExp(`${hub.url}/connect/[^\\s"]+`).exec(JSON.stringify(answer))?.[0] ?? '';
  };
  const link = await linkOf();
  await hub.consent(link);
  await hub.ok('DELETE', `/api/agents/${ada.id}/credentials/${connector.id}`);
  const second = await linkOf();
  expect(second).not.toBe(link);
  expect((await hub.consent(second)).status).toBe(200);
  await server.close();
});

const HOLDING = {
  // Each session of an agent holds one HTTP+SSE stream at the server, for five idle minutes.
  'sessions at a server of 2024-11-05': {
    revision: '2024-11-05',
    async hold(url: string, key: string, call: string) {
      const client = await legacyClient(url, key, '2025-11-25');
      await client.request('tools/call', { name: call, arguments: {} });
    },
  },
  'listening streams at a server of 2025-11-25': {
    revision: '2025-11-25',
    async hold(url: string, key: string) {
      const client = await legacyClient(url, key, '2025-11-25');
      void listenIn(url, key, client).catch(() => undefined);
    },
  },
  'subscriptions at a server of 2026-07-28': {
    revision: MODERN,
    async hold(url: string, key: string) {
      void subscribe(url, key, 'sub', []).catch(() => undefined);
    },
  },
} as const;

test.each(Object.entries(HOLDING))(
  '%s of one agent leave room for the calls of another',
  async (_what, { revision, hold }) => {
    const scene = await setScene(hub, revision, { auth: 'none', mode: null });
    const { url } = at(hub, scene, 'own');
    await modernClient(url, scene.ben.key).request('tools/call', { name: 'whoami', arguments: {} });
    for (let index = 0; index < STREAMS; index += 1) {
      const from = Date.now();
      await hold(url, scene.ada.key, 'whoami');
      expect(Date.now() - from).toBeLessThan(5_000);
    }
    const from = Date.now();
    const nonce = nonceOf(scene.ben);
    const called = await modernClient(url, scene.ben.key).request('tools/call', {
      name: 'whoami',
      arguments: { nonce },
    });
    expect(called.answer.result?.content[0].text).toContain(nonce);
    expect(Date.now() - from).toBeLessThan(5_000);
    await scene.server.close();
  },
  90_000,
);

test('a call whose token is replaced by another of the same account can still be cancelled', async () => {
  const scene = await setScene(hub, '2025-11-25', { auth: 'bearer', mode: 'per_agent' });
  const { ada, server, connector } = scene;
  const { url } = at(hub, scene, 'own');
  const client = await legacyClient(url, ada.key, '2025-11-25');
  const nonce = nonceOf(ada);
  const leaving = new AbortController();
  const calling = client
    .request('tools/call', { name: 'hold', arguments: { nonce } }, { id: 'call-1', signal: leaving.signal })
    .catch((error: unknown) => error);
  await until('the call is at the server', () => server.held.waiting.has(nonce));
  await giveCredential(hub, server, connector.id, ada.id, 'ada');
  await client.send({ method: 'notifications/cancelled', params: { requestId: 'call-1' } });
  try {
    await until('the server is told', () => server.held.cancelled.has(nonce));
  } finally {
    leaving.abort();
    await calling;
    await server.close();
  }
});
