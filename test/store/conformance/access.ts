import { describe, expect, test } from 'vitest';
import type { Backend } from './backend.ts';
import { agentKey, NOW, storedAgent, storedConnector, tool } from './fixtures.ts';
import { useStore, useStores } from './use-store.ts';

export function describeAccess(backend: Backend): void {
  describe('the access revision', () => {
    const [store = absent, other = absent] = useStores(backend, 2);

    async function household() {
      const [agent, connector] = [await storedAgent(store()), await storedConnector(store())];
      const key = agentKey(agent.id);
      await store().agents.insertKey(key);
      await store().tools.saveSnapshot(connector.id, '', [tool('a'), tool('b')], NOW);
      await store().grants.replace(agent.id, [{ agentId: agent.id, connectorId: connector.id, toolName: 'a' }]);
      return { agent, connector, key };
    }
    type Household = Awaited<ReturnType<typeof household>>;

    test.each<[string, (home: Household) => Promise<unknown>]>([
      ['an agent that is changed', ({ agent }) => store().agents.update(agent.id, { enabled: false })],
      ['an agent that is deleted', ({ agent }) => store().agents.delete(agent.id)],
      ['a key that is revoked', ({ agent, key }) => store().agents.deleteKey(agent.id, key.id)],
      ['grants that are replaced', ({ agent }) => store().grants.replace(agent.id, [])],
      [
        'a connector granted whole',
        ({ agent, connector }) => store().grants.setConnector(agent.id, connector.id, true),
      ],
      ['a setting of a connector', ({ connector }) => store().connectors.update(connector.id, { toolReview: 'hold' })],
      ['a connector that is deleted', ({ connector }) => store().connectors.delete(connector.id)],
      ['a tool that changes', ({ connector }) => store().tools.saveSnapshot(connector.id, '', [tool('a', 2)], NOW)],
      ['a tool that leaves', ({ connector }) => store().tools.saveSnapshot(connector.id, '', [tool('a')], NOW)],
      ['tools that are dropped', ({ connector }) => store().tools.clear(connector.id, NOW)],
    ])('is raised by %s, and another process sees it', async (_, change) => {
      const home = await household();
      const before = await other().access.revision();
      await change(home);
      expect(await other().access.revision()).toBeGreaterThan(before);
    });

    test.each<[string, (home: Household) => Promise<unknown>]>([
      [
        'a listing without a change',
        ({ connector }) => store().tools.saveSnapshot(connector.id, '', [tool('a'), tool('b')], NOW),
      ],
      ['the last use of a key', ({ key }) => store().agents.touchKeys([key.id], NOW)],
      [
        'notes about a server',
        ({ connector }) =>
          store().connectors.update(connector.id, {
            reachability: { reachable: true, checkedAt: NOW, error: null },
            toolsSyncedAt: NOW,
            syncDueAt: NOW,
            updatedAt: NOW,
          }),
      ],
    ])('is left alone by %s', async (_, note) => {
      const home = await household();
      const before = await store().access.revision();
      await note(home);
      expect(await store().access.revision()).toBe(before);
    });

    test('is raised by each of many changes at once', async () => {
      const home = await household();
      const before = await store().access.revision();
      await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          (i % 2 === 0 ? store() : other()).grants.setConnector(home.agent.id, home.connector.id, i % 3 === 0),
        ),
      );
      expect(await store().access.revision()).toBe(before + 20);
    });

    test('tells by the connector whose tools they were', async () => {
      const [one, two] = [await household(), await household()];
      const revisionOf = async (id: string) => (await store().connectors.get(id))?.toolsRevision ?? 0;
      const [before, untouched] = [await revisionOf(one.connector.id), await revisionOf(two.connector.id)];
      await store().tools.saveSnapshot(one.connector.id, '', [tool('a', 3)], NOW);
      expect(await revisionOf(one.connector.id)).toBeGreaterThan(before);
      expect(await revisionOf(two.connector.id)).toBe(untouched);
    });
  });

  describe('connectors granted whole', () => {
    const store = useStore(backend);

    test('are kept beside single grants, and go with agent or connector', async () => {
      const [mine, other] = [await storedAgent(store()), await storedAgent(store())];
      const [first, second] = [await storedConnector(store()), await storedConnector(store())];
      for (const { id } of [mine, other])
        for (const each of [first, second, first]) await store().grants.setConnector(id, each.id, true);
      await store().grants.replace(mine.id, []);
      expect(await store().grants.listConnectors(mine.id)).toEqual([first.id, second.id]);
      await store().grants.setConnector(mine.id, first.id, false);
      await store().grants.setConnector(mine.id, first.id, false);
      expect(await store().grants.listConnectors(mine.id)).toEqual([second.id]);
      await store().connectors.delete(second.id);
      expect(await store().grants.listConnectors(other.id)).toEqual([first.id]);
      await store().agents.delete(other.id);
      expect(await store().grants.listConnectors(other.id)).toEqual([]);
    });

    test('of an agent or connector that is gone are refused as not_found', async () => {
      const [agent, connector] = [await storedAgent(store()), await storedConnector(store())];
      const missing = { code: 'not_found' };
      await expect(store().grants.setConnector('agt_absent', connector.id, true)).rejects.toMatchObject(missing);
      await expect(store().grants.setConnector(agent.id, 'con_absent', true)).rejects.toMatchObject(missing);
    });
  });

  describe('tools that change after they were granted', () => {
    const store = useStore(backend);

    async function granted(whole = false) {
      const [agent, { id }] = [await storedAgent(store()), await storedConnector(store())];
      await store().tools.saveSnapshot(id, '', [tool('a'), tool('b')], NOW);
      if (whole) await store().grants.setConnector(agent.id, id, true);
      else await store().grants.replace(agent.id, [{ agentId: agent.id, connectorId: id, toolName: 'a' }]);
      return id;
    }
    const list = (id: string, version: number, more: ReturnType<typeof tool>[] = [tool('b')]) =>
      store().tools.saveSnapshot(id, '', [tool('a', version), ...more], NOW);
    const approved = async (id: string, name = 'a') => {
      const found = await store().tools.get(id, name);
      return [found?.approvedDigest, found?.approvedDefinition];
    };
    const first = [tool('a', 1).digest, tool('a', 1).definition];

    test.each([
      ['by name', false],
      ['with the whole connector', true],
    ])('keep the definition that stood, when granted %s', async (_, whole) => {
      const id = await granted(whole);
      await list(id, 2);
      expect(await approved(id)).toEqual(first);
      await list(id, 3, []);
      expect(await approved(id)).toEqual(first);
      expect(await store().tools.list(id)).toContainEqual(
        expect.objectContaining({ name: 'a', approvedDigest: first[0] }),
      );
    });

    test('keep nothing when nobody was granted them, or when they are new', async () => {
      const id = await granted();
      await list(id, 1, [tool('b', 2), tool('c')]);
      expect(await approved(id, 'b')).toEqual([null, null]);
      expect(await approved(id, 'c')).toEqual([null, null]);
    });

    test('that return as they were wait for nobody', async () => {
      const id = await granted();
      await list(id, 2);
      await list(id, 1);
      expect(await approved(id)).toEqual([null, null]);
      await store().tools.saveSnapshot(id, '', [], NOW);
      await list(id, 1);
      expect(await approved(id)).toEqual([null, null]);
    });

    test('keep it over their absence and over a new place in the list', async () => {
      const id = await granted();
      await store().tools.saveSnapshot(id, '', [tool('b')], NOW);
      await list(id, 2);
      expect(await approved(id)).toEqual(first);
      await store().tools.saveSnapshot(id, '', [tool('b'), tool('a', 2)], NOW);
      expect(await approved(id)).toEqual(first);
    });

    test('are approved once, and only as the definition that was looked at', async () => {
      const id = await granted();
      await list(id, 2);
      expect(await store().tools.approve(id, 'a', tool('a', 1).digest)).toBe(false);
      expect(await store().tools.approve(id, 'b', tool('b').digest)).toBe(false);
      expect(await approved(id)).toEqual(first);
      expect(await store().tools.approve(id, 'a', tool('a', 2).digest)).toBe(true);
      expect(await store().tools.approve(id, 'a', tool('a', 2).digest)).toBe(false);
      expect(await approved(id)).toEqual([null, null]);
      await list(id, 1);
      expect(await approved(id)).toEqual([tool('a', 2).digest, tool('a', 2).definition]);
    });
  });
}

function absent(): never {
  throw new Error('there are two stores');
}
