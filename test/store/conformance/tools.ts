import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Backend } from './backend.ts';
import { credential, NOW, storedAgent, storedConnector, tool } from './fixtures.ts';
import { useStore } from './use-store.ts';

export function describeTools(backend: Backend): void {
  describe('tools', () => {
    const store = useStore(backend);

    test('listings of owners without a credential can be left out of account', async () => {
      const { id } = await storedConnector(store());
      const [holder, lister, leaver] = [
        await storedAgent(store()),
        await storedAgent(store()),
        await storedAgent(store()),
      ];
      for (const agent of [holder, lister]) await store().credentials.put(credential(id, { agentId: agent.id }));
      await store().tools.saveSnapshot(id, '', [tool('strangers'), tool('all')], NOW);
      await store().tools.saveSnapshot(id, leaver.id, [tool('leavers'), tool('all')], NOW);
      await store().tools.saveSnapshot(id, holder.id, [tool('holders'), tool('all')], NOW);
      const change = await store().tools.saveSnapshot(id, lister.id, [tool('all')], NOW, 'with_credential');
      expect([...change.removed].sort()).toEqual(['leavers', 'strangers']);
      expect((await store().tools.get(id, 'all'))?.listedBy).toEqual([holder.id, lister.id].sort());
    });

    test('a first listing adds every tool in the order of the server', async () => {
      const { id } = await storedConnector(store());
      const change = await store().tools.saveSnapshot(id, '', [tool('zeta'), tool('alpha')], NOW);
      expect(change).toEqual({ added: ['zeta', 'alpha'], removed: [], changed: [], count: 2 });
      expect(await store().tools.list(id)).toEqual([
        {
          connectorId: id,
          ...tool('zeta'),
          state: 'active',
          approvedDigest: null,
          approvedDefinition: null,
          position: 0,
          listedBy: [''],
          firstSeenAt: NOW,
          changedAt: NOW,
          goneAt: null,
        },
        expect.objectContaining({ name: 'alpha', position: 1 }),
      ]);
    });

    test('an unchanged listing changes nothing', async () => {
      const { id } = await storedConnector(store());
      await store().tools.saveSnapshot(id, '', [tool('a'), tool('b')], NOW);
      const before = await store().tools.list(id);
      const change = await store().tools.saveSnapshot(id, '', [tool('a'), tool('b')], NOW + 1);
      expect(change).toEqual({ added: [], removed: [], changed: [], count: 2 });
      expect(await store().tools.list(id)).toEqual(before);
    });

    test('a new order of the same tools is kept without counting as a change', async () => {
      const { id } = await storedConnector(store());
      await store().tools.saveSnapshot(id, '', [tool('a'), tool('b')], NOW);
      const change = await store().tools.saveSnapshot(id, '', [tool('b'), tool('a')], NOW + 1);
      expect(change).toEqual({ added: [], removed: [], changed: [], count: 2 });
      expect((await store().tools.list(id)).map((each) => [each.name, each.changedAt])).toEqual([
        ['b', NOW],
        ['a', NOW],
      ]);
    });

    test('a tool that left is gone, keeps its grants, and returns with its first sight', async () => {
      const { id } = await storedConnector(store());
      const owner = await storedAgent(store());
      await store().tools.saveSnapshot(id, '', [tool('a'), tool('b')], NOW);
      const grants = [{ agentId: owner.id, connectorId: id, toolName: 'a' }];
      await store().grants.replace(owner.id, grants);
      const left = await store().tools.saveSnapshot(id, '', [tool('b')], NOW + 1);
      expect(left).toEqual({ added: [], removed: ['a'], changed: [], count: 1 });
      expect(await store().tools.get(id, 'a')).toMatchObject({ state: 'gone', goneAt: NOW + 1, listedBy: [] });
      expect(await store().tools.counts([id, 'con_absent'])).toEqual(
        new Map([
          [id, 1],
          ['con_absent', 0],
        ]),
      );
      expect(await store().grants.listByAgent(owner.id)).toEqual(grants);
      const back = await store().tools.saveSnapshot(id, '', [tool('a', 2), tool('b')], NOW + 2);
      expect(back).toEqual({ added: ['a'], removed: [], changed: [], count: 2 });
      expect(await store().tools.get(id, 'a')).toMatchObject({
        ...tool('a', 2),
        state: 'active',
        firstSeenAt: NOW,
        changedAt: NOW + 2,
        goneAt: null,
      });
    });

    test('a tool stays while any owner lists it; one owner can be asked for alone', async () => {
      const { id } = await storedConnector(store());
      const [first, second] = [(await storedAgent(store())).id, (await storedAgent(store())).id];
      await store().tools.saveSnapshot(id, first, [tool('a'), tool('b')], NOW);
      await store().tools.saveSnapshot(id, second, [tool('a')], NOW);
      expect(await store().tools.get(id, 'a')).toMatchObject({ listedBy: [first, second] });
      const change = await store().tools.saveSnapshot(id, first, [], NOW + 1);
      expect(change).toEqual({ added: [], removed: ['b'], changed: [], count: 1 });
      const seen = async (owner?: string) =>
        (await store().tools.list(id, owner)).map((each) => [each.name, each.state, each.listedBy]);
      expect(await seen()).toEqual([
        ['a', 'active', [second]],
        ['b', 'gone', []],
      ]);
      expect(await seen(first)).toEqual([
        ['a', 'active', []],
        ['b', 'gone', []],
      ]);
    });

    test('a listing for a connector or an agent that is gone is refused as not_found', async () => {
      const { id } = await storedConnector(store());
      const missing = { code: 'not_found' };
      await expect(store().tools.saveSnapshot('con_absent', '', [], NOW)).rejects.toMatchObject(missing);
      await expect(store().tools.saveSnapshot(id, 'agt_absent', [tool('a')], NOW)).rejects.toMatchObject(missing);
      expect(await store().tools.list(id)).toEqual([]);
    });

    test('an agent that is deleted lists nothing any more', async () => {
      const { id } = await storedConnector(store());
      const [leaving, staying] = [await storedAgent(store()), await storedAgent(store())];
      await store().tools.saveSnapshot(id, leaving.id, [tool('mine'), tool('ours')], NOW);
      await store().tools.saveSnapshot(id, staying.id, [tool('ours')], NOW);
      await store().agents.delete(leaving.id);
      expect(await store().tools.get(id, 'mine')).toMatchObject({ state: 'gone', listedBy: [] });
      expect(await store().tools.get(id, 'ours')).toMatchObject({ state: 'active', listedBy: [staying.id] });
    });

    test('clear drops the tools and keeps the grants', async () => {
      const { id } = await storedConnector(store());
      const owner = await storedAgent(store());
      await store().tools.saveSnapshot(id, '', [tool('a')], NOW);
      await store().grants.replace(owner.id, [{ agentId: owner.id, connectorId: id, toolName: 'a' }]);
      await store().tools.clear(id, NOW);
      expect(await store().tools.list(id)).toEqual([]);
      expect(await store().grants.listByAgent(owner.id)).toHaveLength(1);
      await expect(store().tools.clear('con_absent', NOW)).rejects.toMatchObject({ code: 'not_found' });
    });

    test('ten thousand tools are saved, changed and dropped', async () => {
      const { id } = await storedConnector(store());
      const many = Array.from({ length: 10_000 }, (_, i) => tool(`tool_${i}`));
      expect(await store().tools.saveSnapshot(id, '', many, NOW)).toMatchObject({ count: 10_000 });
      const next = many.map((each, i) => (i === 5_000 ? tool(each.name, 2) : each));
      const changed = await store().tools.saveSnapshot(id, '', next, NOW + 1);
      expect(changed).toEqual({ added: [], removed: [], changed: ['tool_5000'], count: 10_000 });
      const gone = await store().tools.saveSnapshot(id, '', next.slice(0, 10), NOW + 2);
      expect(gone.removed).toHaveLength(9_990);
      expect(await store().tools.counts([id])).toEqual(new Map([[id, 10]]));
    });

    test('any sequence of listings leaves what the owners listed last', async () => {
      const names = ['a', 'B', 'c_1', 'ü'];
      const owners = ['', (await storedAgent(store())).id, (await storedAgent(store())).id];
      const listing = fc.record({
        owner: fc.constantFrom(...owners),
        tools: fc.array(fc.record({ name: fc.constantFrom(...names), version: fc.integer({ min: 1, max: 2 }) }), {
          maxLength: 5,
        }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(listing, { minLength: 1, maxLength: 6 }), async (listings) => {
          const { id } = await storedConnector(store());
          const model = new Map<string, { version: number; owners: Set<string> }>();
          for (const { owner, tools } of listings) {
            const firsts = new Map(tools.toReversed().map((each) => [each.name, each.version]));
            const before = new Map(
              [...model].map(([name, { version, owners }]) => [name, owners.size > 0 ? version : null]),
            );
            for (const [name, each] of model) if (!firsts.has(name)) each.owners.delete(owner);
            for (const [name, version] of firsts) {
              const owners = model.get(name)?.owners ?? new Set();
              model.set(name, { version, owners: owners.add(owner) });
            }
            const snapshot = tools.map((each) => tool(each.name, each.version));
            const change = await store().tools.saveSnapshot(id, owner, snapshot, NOW);
            const alive = (name: string) => (model.get(name)?.owners.size ?? 0) > 0;
            const was = (name: string) => before.get(name) ?? null;
            expect([...change.added].sort()).toEqual(names.filter((name) => alive(name) && was(name) === null).sort());
            expect([...change.removed].sort()).toEqual(
              names.filter((name) => !alive(name) && was(name) !== null).sort(),
            );
            expect([...change.changed].sort()).toEqual(
              names
                .filter((name) => alive(name) && was(name) !== null && was(name) !== model.get(name)?.version)
                .sort(),
            );
            expect(change.count).toBe(names.filter(alive).length);
          }
          const stored = new Map((await store().tools.list(id)).map((each) => [each.name, each]));
          expect([...stored.keys()].sort()).toEqual([...model.keys()].sort());
          for (const [name, { version, owners }] of model) {
            expect(stored.get(name)).toMatchObject({
              ...tool(name, version),
              state: owners.size > 0 ? 'active' : 'gone',
              listedBy: [...owners].sort(),
            });
          }
        }),
        { numRuns: 30 },
      );
    });
  });
}
