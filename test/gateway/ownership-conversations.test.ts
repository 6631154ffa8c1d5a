// A call under way belongs to one agent: nobody else answers its questions, cancels it, or hears its progress,
// even where both use the same ids.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Revision } from '../stand-in/server.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/until.ts';
import { clientOf, LEGACY, legacyClient, MODERN, post, type Rpc } from './agents.ts';
import type { Scene } from './owners.ts';
import { at, ENDPOINTS, expectOwnCredentials, KINDS, nonceOf, saidIn, sessionHeaders, setScene } from './owners.ts';

const SERVERS: readonly Revision[] = [MODERN, '2025-11-25', '2024-11-05'];
const AGENTS = [MODERN, ...LEGACY];
const ASKS = { elicitation: {} };

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub?.close());

describe.each(SERVERS)('at a server of %s', (revision) => {
  describe.each(KINDS)('with $auth credentials, $mode', (kind) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await setScene(hub, revision, kind);
    });
    afterAll(() => scene?.server.close());

    describe.each(ENDPOINTS)('at the endpoint %s', (endpoint) => {
      test.each(revision === '2024-11-05' ? [] : ['2025-11-25', '2025-06-18'])(
        'a question put to an agent of %s is answered by that agent alone',
        async (version) => {
          const { url, named } = at(hub, scene, endpoint);
          const { ada, ben } = scene;
          const hers = await legacyClient(url, ada.key, version, ASKS);
          const his = await legacyClient(url, ben.key, version, ASKS);
          const asked = Promise.withResolvers<Rpc>();
          const args = { nonce: nonceOf(ada) };
          const calling = hers.request(
            'tools/call',
            { name: named('ask'), arguments: args },
            { onMessage: (message) => message.method === 'elicitation/create' && asked.resolve(message) },
          );
          const { id } = await asked.promise;
          const forged = { jsonrpc: '2.0', id, result: { action: 'accept', content: { name: 'Mallory' } } };
          // In a session of his own the answer is taken and leads nowhere; in hers he is nobody.
          expect((await his.send(forged)).status).toBe(202);
          expect((await post(url, null, forged, sessionHeaders(ben.key, hers))).status).toBe(404);
          expect((await post(url, ben.key, forged, { 'mcp-protocol-version': MODERN })).ok).toBe(false);
          await hers.send({ id, result: { action: 'accept', content: { name: 'Ada' } } });
          expect(saidIn((await calling).answer)).toMatchObject({ account: ada.account, name: 'Ada' });

          // He can be asked himself, and the answer to his question is his.
          const mine = { nonce: nonceOf(ben) };
          const answered = await his.request(
            'tools/call',
            { name: named('ask'), arguments: mine },
            {
              onMessage({ id: question, method }) {
                if (method === 'elicitation/create')
                  void his.send({ id: question, result: { action: 'accept', content: { name: 'Ben' } } });
              },
            },
          );
          expect(saidIn(answered.answer)).toMatchObject({ account: ben.account, ...mine, name: 'Ben' });
        },
      );

      test.each(AGENTS)('a call of an agent of %s is not cancelled by another, even under its id', async (version) => {
        const { url, named } = at(hub, scene, endpoint);
        const { ada, ben, server } = scene;
        const hers = await clientOf(version, url, ada.key);
        const his = await clientOf(version, url, ben.key);
        const hold = (client: typeof hers, nonce: string, signal: AbortSignal) =>
          client.request('tools/call', { name: named('hold'), arguments: { nonce } }, { id: 'call-1', signal });
        const cancelled = { method: 'notifications/cancelled', params: { requestId: 'call-1' } };
        const nonce = nonceOf(ada);
        const calling = hold(hers, nonce, new AbortController().signal);
        await until('her call is at the server', () => server.held.waiting.has(nonce));
        await his.send(cancelled);

        const mine = nonceOf(ben);
        const leaving = new AbortController();
        const hisCall = hold(his, mine, leaving.signal).catch((error: unknown) => error);
        await until('his call is at the server', () => server.held.waiting.has(mine));
        await his.send(cancelled);
        if (version === MODERN) leaving.abort();
        await until('his own call is cancelled', () => server.held.cancelled.has(mine));
        leaving.abort();
        await hisCall;

        expect(server.held.cancelled.has(nonce)).toBe(false);
        server.held.waiting.get(nonce)?.();
        expect(saidIn((await calling).answer)).toEqual({ account: ada.account, nonce });
      });

      test.each(AGENTS)('agents of %s with the same ids and tokens hear their own progress', async (version) => {
        const { url, named } = at(hub, scene, endpoint);
        const owners = [scene.ada, scene.ben];
        const results = await Promise.all(
          owners.map(async (owner) => {
            const client = await clientOf(version, url, owner.key);
            const nonce = nonceOf(owner);
            // Held until both are at work.
            const params = { name: named('hold'), arguments: { nonce }, _meta: { progressToken: 'token' } };
            const calling = client.request('tools/call', params, { id: 'call-2' });
            await until('the call is at the server', () => scene.server.held.waiting.has(nonce));
            return { nonce, owner, calling };
          }),
        );
        for (const { nonce } of results) scene.server.held.waiting.get(nonce)?.();
        for (const { nonce, owner, calling } of results) {
          const { messages, answer } = await calling;
          expect(saidIn(answer)).toEqual({ account: owner.account, nonce });
          const progress = messages.filter(({ method }) => method === 'notifications/progress');
          expect(progress.map(({ params }) => [params.progressToken, params.progress])).toEqual([['token', 1]]);
        }
        expectOwnCredentials(scene);
      });
    });
  });
});
