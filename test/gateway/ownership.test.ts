// Two agents at the same connector, for every kind of credential and every way in: each has its own tools, its
// calls carry its own credential, and what is the other's looks as if it did not exist.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Revision } from '../stand-in/server.ts';
import { noteOf } from '../stand-in/tools.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { agentWith, clientOf, connectTo, LEGACY, MODERN, type Said } from './agents.ts';
import type { Scene } from './owners.ts';
import { at, ENDPOINTS, expectOwnCredentials, KINDS, nonceOf, ONLY, other, saidIn, setScene } from './owners.ts';

const SERVERS: readonly Revision[] = [MODERN, '2025-11-25', '2024-11-05'];
const AGENTS = [MODERN, ...LEGACY];

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub?.close());

/** An answer without the name that was asked for and the id. */
const shapeOf = ({ status, answer }: Said, name: string) => ({
  status,
  answer: JSON.parse(JSON.stringify({ ...answer, id: null }).replaceAll(name, 'NAME')),
});

describe.each(SERVERS)('at a server of %s', (revision) => {
  describe.each(KINDS)('with $auth credentials, $mode', (kind) => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await setScene(hub, revision, kind);
    });
    afterAll(() => scene?.server.close());

    describe.each(ENDPOINTS)('at the endpoint %s', (endpoint) => {
      test.each(AGENTS)('agents of %s list and call their own tools with their own credential', async (version) => {
        const { url, named } = at(hub, scene, endpoint);
        const owners = [scene.ada, scene.ben];
        const clients = await Promise.all(owners.map(({ key }) => clientOf(version, url, key)));
        // Both at once, many times, so that whatever they might share is shared now.
        const calling = Array.from({ length: 10 }, (_, index) => {
          const owner = owners[index % 2] as Scene['ada'];
          const args = { nonce: nonceOf(owner) };
          const params = { name: named('whoami'), arguments: args };
          return clients[index % 2]?.request('tools/call', params, { id: 'same' }).then(({ answer }) => {
            expect(saidIn(answer)).toEqual({ account: owner.account, ...args });
          });
        });
        await Promise.all(calling);

        for (const [index, owner] of owners.entries()) {
          const client = clients[index] as (typeof clients)[number];
          const tools = (await client.request('tools/list')).answer.result.tools.map(
            (tool: { name: string }) => tool.name,
          );
          expect(tools).toContain(named(ONLY[owner.name]));
          expect(tools).not.toContain(named(ONLY[other(owner.name)]));
          const theirs = named(ONLY[other(owner.name)]);
          const missing = named('no_such_tool');
          const hidden = await client.request('tools/call', { name: theirs, arguments: { nonce: 'hidden' } });
          const unknown = await client.request('tools/call', { name: missing, arguments: { nonce: 'hidden' } });
          expect(hidden.answer.error?.code).toBe(-32602);
          expect(shapeOf(hidden, theirs)).toEqual(shapeOf(unknown, missing));
        }
        expect(scene.server.heard.filter(({ params }) => params?.arguments?.nonce === 'hidden')).toEqual([]);
        expectOwnCredentials(scene);
      });
    });

    test.each(AGENTS)('agents of %s read their own resources, and the other’s do not exist', async (version) => {
      const { url } = at(hub, scene, 'own');
      for (const owner of [scene.ada, scene.ben]) {
        const client = await clientOf(version, url, owner.key);
        const listed = (await client.request('resources/list')).answer.result;
        expect(listed.resources.map(({ uri }: { uri: string }) => uri)).toEqual([noteOf(owner.account)]);
        const read = await client.request('resources/read', { uri: noteOf(owner.account) });
        expect(read.answer.result.contents[0].text).toBe(`the note of ${owner.account}`);
        const theirs = noteOf(other(owner.name));
        const hidden = await client.request('resources/read', { uri: theirs });
        const unknown = await client.request('resources/read', { uri: noteOf('nowhere') });
        expect(hidden.answer.error).toBeDefined();
        expect(shapeOf(hidden, theirs)).toEqual(shapeOf(unknown, noteOf('nowhere')));
      }
    });

    test('the rows that the API shows are each agent’s own', async () => {
      const rowOf = async (id: string) => {
        const { items } = await hub.ok('GET', `/api/agents/${id}/connectors?limit=200`);
        return items.find((row: { connectorId: string }) => row.connectorId === scene.connector.id);
      };
      for (const owner of [scene.ada, scene.ben]) {
        const { state, tools } = await rowOf(owner.id);
        const granted = tools
          .filter((tool: { granted: boolean }) => tool.granted)
          .map(({ name }: { name: string }) => name);
        expect([state, granted.toSorted()]).toEqual([
          'usable',
          ['ask', 'hold', 'steps', 'whoami', ONLY[owner.name]].toSorted(),
        ]);
      }
      const stranger = await agentWith(hub, []);
      const { state, tools } = await rowOf(stranger.id);
      const needs =
        kind.mode !== 'per_agent' ? 'usable' : kind.auth === 'oauth' ? 'connect_required' : 'secret_required';
      expect(state).toBe(needs);
      expect(tools.some((tool: { granted: boolean }) => tool.granted)).toBe(false);
      // A key of an agent opens the gateway, not the API.
      expect((await hub.api('GET', `/api/agents/${scene.ada.id}/connectors`, undefined, scene.ada.key)).status).toBe(
        401,
      );
      // One agent's name is no way to another's key or credential.
      const { items } = await hub.ok('GET', `/api/agents/${scene.ada.id}/keys`);
      expect((await hub.api('DELETE', `/api/agents/${scene.ben.id}/keys/${items[0].id}`)).status).toBe(404);
      await hub.api('DELETE', `/api/agents/${stranger.id}/credentials/${scene.connector.id}`);
      const client = await clientOf(MODERN, at(hub, scene, 'own').url, scene.ada.key);
      const nonce = nonceOf(scene.ada);
      const called = await client.request('tools/call', { name: 'whoami', arguments: { nonce } });
      expect(saidIn(called.answer)).toEqual({ account: scene.ada.account, nonce });
    });
  });
});

test('a connector of which only the other agent has tools is one that does not exist', async () => {
  const scene = await setScene(hub, MODERN, { auth: 'none', mode: null });
  const hidden = await connectTo(hub, scene.server.url);
  await hub.ok('PUT', `/api/agents/${scene.ada.id}/tools`, { tools: [`mcp__${hidden.key}__whoami`] });
  for (const version of AGENTS) {
    const ask = (key: string) =>
      clientOf(version, `${hub.url}/mcp/${key}`, scene.ben.key).then(
        (client) => client.request('tools/list').then((said) => ({ ...shapeOf(said, key) })),
        (error: Error) => error.message.replaceAll(key, 'NAME').replace(/"headers":\{[^}]*\}/, ''),
      );
    expect(await ask(hidden.key)).toEqual(await ask('never_made'));
    const all = await clientOf(version, `${hub.url}/mcp`, scene.ben.key);
    const tools = (await all.request('tools/list')).answer.result.tools;
    expect(JSON.stringify(tools)).not.toContain(hidden.key);
  }
  await scene.server.close();
});
