// Sessions and subscriptions belong to one agent: another that knows their ids finds nothing there, and hears
// nothing that was meant for the first.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Revision } from '../stand-in/server.ts';
import { noteOf } from '../stand-in/tools.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/until.ts';
import { type Client, envelope, LEGACY, legacyClient, MODERN, post, read } from './agents.ts';
import type { Listening, Scene } from './owners.ts';
import {
  at,
  ENDPOINTS,
  expectOwnCredentials,
  KINDS,
  listenIn,
  nonceOf,
  saidIn,
  sessionHeaders,
  setScene,
  subscribe,
  updatesIn,
} from './owners.ts';

const SERVERS: readonly Revision[] = [MODERN, '2025-11-25', '2024-11-05'];

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub?.close());

const said = async (response: Response) => ({ status: response.status, text: await response.text() });

describe.each(SERVERS)('at a server of %s', (revision) => {
  describe.each(KINDS)('with $auth credentials, $mode', (kind) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await setScene(hub, revision, kind);
    });
    afterAll(() => scene?.server.close());

    describe.each(ENDPOINTS)('at the endpoint %s', (endpoint) => {
      test.each(LEGACY)('a session of %s is none for the other agent, whatever it tries', async (version) => {
        const { url, named } = at(hub, scene, endpoint);
        const { ada, ben } = scene;
        const mine = await legacyClient(url, ada.key, version);
        const stolen = sessionHeaders(ben.key, mine);
        const madeUp = { ...stolen, 'mcp-session-id': 'never-issued' };
        const nonce = nonceOf(ben);
        const call = { name: named('whoami'), arguments: { nonce } };
        const tries = [
          { jsonrpc: '2.0', id: 1, method: 'tools/list' },
          { jsonrpc: '2.0', id: 2, method: 'tools/call', params: call },
          { jsonrpc: '2.0', id: 3, method: 'ping' },
          { jsonrpc: '2.0', method: 'notifications/roots/list_changed' },
          { jsonrpc: '2.0', id: 0, result: { action: 'accept', content: { name: 'Mallory' } } },
        ];
        for (const body of tries) {
          const answer = await said(await post(url, null, body, stolen));
          expect(answer.status).toBe(404);
          expect(answer).toEqual(await said(await post(url, null, body, madeUp)));
        }
        for (const method of ['GET', 'DELETE']) {
          const accept = { accept: 'text/event-stream' };
          const answer = await said(await fetch(url, { method, headers: { ...accept, ...stolen } }));
          expect(answer.status).toBe(404);
          expect(answer).toEqual(await said(await fetch(url, { method, headers: { ...accept, ...madeUp } })));
        }
        expect(scene.server.heard.filter(({ params }) => params?.arguments?.nonce === nonce)).toEqual([]);
        // Nothing of that harmed the session.
        const args = { nonce: nonceOf(ada) };
        const called = await mine.request('tools/call', { name: named('whoami'), arguments: args });
        expect(saidIn(called.answer)).toEqual({ account: ada.account, ...args });
      });

      test('the id of a session gives a modern request of another agent nothing', async () => {
        const { url, named } = at(hub, scene, endpoint);
        const { ada, ben } = scene;
        const mine = await legacyClient(url, ada.key, '2025-11-25');
        const ask = async (owner: typeof ada, sessionId: string | null) => {
          const args = { nonce: nonceOf(owner) };
          const params = { name: named('whoami'), arguments: args, _meta: envelope() };
          const headers = {
            'mcp-protocol-version': MODERN,
            'mcp-method': 'tools/call',
            'mcp-name': named('whoami'),
            ...(sessionId === null ? {} : { 'mcp-session-id': sessionId }),
          };
          const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
          const { answer } = await read(await post(url, owner.key, body, headers));
          expect(saidIn(answer)).toEqual({ account: owner.account, ...args });
        };
        await ask(ben, mine.sessionId);
        await ask(ada, null);
        expectOwnCredentials(scene);
      });
    });
  });
});

/** A way to hear of changed resources. */
type Way = { subscribe(owner: Scene['ada'], uris: readonly string[]): Promise<Listening> };

const waysOf = (scene: () => Scene): Record<string, Way> => {
  const url = () => at(hub, scene(), 'own').url;
  return {
    [MODERN]: { subscribe: (owner, uris) => subscribe(url(), owner.key, `of-${owner.name}`, uris) },
    '2025-11-25': {
      async subscribe(owner, uris) {
        const client: Client = await legacyClient(url(), owner.key, '2025-11-25');
        const listening = await listenIn(url(), owner.key, client);
        for (const uri of uris) {
          expect((await client.request('resources/subscribe', { uri })).answer.error).toBeUndefined();
        }
        return listening;
      },
    },
  };
};

describe.each([MODERN, '2025-11-25'] as const)('at a server of %s, subscriptions', (revision) => {
  describe.each(KINDS)('with $auth credentials, $mode', (kind) => {
    let scene: Scene;
    let heard: Listening[] = [];
    beforeAll(async () => {
      scene = await setScene(hub, revision, kind);
    });
    afterAll(async () => {
      for (const listening of heard) listening.stop();
      heard = [];
      await scene?.server.close();
    });

    test('tell only the agent that subscribed, of what its own credential may see', async () => {
      const way = waysOf(() => scene)[revision] as Way;
      const { ada, ben, server } = scene;
      const hisOther = await way.subscribe(ben, []);
      const hers = await way.subscribe(ada, [noteOf(ada.account)]);
      heard = [hisOther, hers];
      await server.noteChanged(ada.account);
      await until('the subscriber hears it', () => updatesIn(hers).length === 1);

      // Where each has an account, naming the other's note brings nothing either.
      const uris = [...new Set([noteOf(ada.account), noteOf(ben.account)])];
      const his = await way.subscribe(ben, uris);
      heard.push(his);
      await server.noteChanged(ada.account);
      await until('the subscriber hears it again', () => updatesIn(hers).length === 2);
      await server.noteChanged(ben.account);
      const isShared = ada.account === ben.account;
      await until('the other hears its own', () => updatesIn(his).length === (isShared ? 2 : 1));
      expect(updatesIn(his)).toEqual(Array(isShared ? 2 : 1).fill(noteOf(ben.account)));
      if (!isShared) expect(updatesIn(hers)).toEqual([noteOf('ada'), noteOf('ada')]);
      // Whoever never subscribed heard nothing, though its stream was open all the while.
      expect(updatesIn(hisOther)).toEqual([]);
      const ids = his.messages.flatMap(({ params }) => params?._meta?.['io.modelcontextprotocol/subscriptionId'] ?? []);
      expect(ids.every((id: string) => id === 'of-ben')).toBe(true);
    });
  });
});
