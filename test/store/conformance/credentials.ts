import { describe, expect, test } from 'vitest';
import type { Backend } from './backend.ts';
import { credential, NOW, storedAgent, storedConnector } from './fixtures.ts';
import { useStore } from './use-store.ts';

export function describeCredentials(backend: Backend): void {
  describe('credentials', () => {
    const store = useStore(backend);

    test('belong to exactly one owner: the shared one and each agent have their own', async () => {
      const { id } = await storedConnector(store());
      const [first, second] = [await storedAgent(store()), await storedAgent(store())];
      const shared = credential(id);
      const own = credential(id, { agentId: first.id });
      const pending = credential(id, { agentId: first.id, slot: 'pending' });
      for (const each of [shared, own, pending]) expect(await store().credentials.put(each)).toBeNull();
      expect(await store().credentials.find(id, null, 'active')).toEqual(shared);
      expect(await store().credentials.find(id, first.id, 'active')).toEqual(own);
      expect(await store().credentials.find(id, first.id, 'pending')).toEqual(pending);
      expect(await store().credentials.find(id, second.id, 'active')).toBeNull();
      expect(await store().credentials.find(id, null, 'pending')).toBeNull();
      expect(await store().credentials.listByConnector(id)).toEqual([shared, own, pending]);
      expect(await store().credentials.listByAgent(first.id)).toEqual([own, pending]);
    });

    test('of agents are told apart from the shared one, those that need no person first', async () => {
      const { id } = await storedConnector(store());
      const agents = [await storedAgent(store()), await storedAgent(store()), await storedAgent(store())];
      const [dead, alive, third] = agents.map((agent, i) =>
        credential(id, { agentId: agent.id, ...(i === 0 ? { state: 'reauthorization_required' as const } : {}) }),
      );
      const waiting = credential(id, { agentId: agents[0]?.id ?? '', slot: 'pending' });
      for (const each of [credential(id), dead, alive, third, waiting]) if (each) await store().credentials.put(each);
      expect(await store().credentials.listOfAgents(id, 10)).toEqual([alive, third, dead]);
      expect(await store().credentials.listOfAgents(id, 1)).toEqual([alive]);
      expect((await store().overview.figures([id], NOW))[0]?.own).toBe(3);
      expect(await store().credentials.listPending(id, 10)).toEqual([waiting]);
    });

    test('put answers what it replaced in the same slot of the same owner', async () => {
      const { id } = await storedConnector(store());
      const [first, second] = [credential(id), credential(id)];
      await store().credentials.put(first);
      expect(await store().credentials.put(second)).toEqual(first);
      expect(await store().credentials.put({ ...second, sealed: 'again' })).toEqual(second);
      expect(await store().credentials.get(first.id)).toBeNull();
      expect(await store().credentials.listByConnector(id)).toEqual([{ ...second, sealed: 'again' }]);
    });

    test('are refused as not_found when connector or agent is gone, and nothing is replaced', async () => {
      const { id } = await storedConnector(store());
      const orphan = store().credentials.put(credential('con_absent'));
      await expect(orphan).rejects.toMatchObject({ code: 'not_found' });
      const unowned = store().credentials.put(credential(id, { agentId: 'agt_absent' }));
      await expect(unowned).rejects.toMatchObject({ code: 'not_found' });
      expect(await store().credentials.listByConnector(id)).toEqual([]);
    });

    test('update writes only while the generation stands, and raises it with the secret', async () => {
      const record = credential((await storedConnector(store())).id, { generation: 7 });
      await store().credentials.put(record);
      const { update, get } = store().credentials;
      expect(await update(record.id, 6, { reason: 'too late' })).toBe(false);
      expect(await update(record.id, 7, { state: 'needs_scope', missingScope: 'admin', refreshable: false })).toBe(
        true,
      );
      expect(await get(record.id)).toEqual({
        ...record,
        state: 'needs_scope',
        missingScope: 'admin',
        refreshable: false,
      });
      expect(await update(record.id, 7, { sealed: 'rotated', refreshStartedAt: null })).toBe(true);
      expect(await get(record.id)).toMatchObject({ sealed: 'rotated', generation: 8 });
      expect(await update(record.id, 7, { sealed: 'stale' })).toBe(false);
      expect(await update(record.id, 8, {})).toBe(true);
      expect(await update('crd_absent', 1, {})).toBe(false);
    });

    test('promote makes the pending one active and answers what it replaced', async () => {
      const { id } = await storedConnector(store());
      const [active, pending] = [credential(id), credential(id, { slot: 'pending' })];
      await store().credentials.put(active);
      await store().credentials.put(pending);
      expect(await store().credentials.promote(active.id)).toEqual({ promoted: false, replaced: null });
      expect(await store().credentials.promote(pending.id)).toEqual({ promoted: true, replaced: active });
      expect(await store().credentials.listByConnector(id)).toEqual([{ ...pending, slot: 'active' }]);
      expect(await store().credentials.promote(pending.id)).toEqual({ promoted: false, replaced: null });
      expect(await store().credentials.promote('crd_absent')).toEqual({ promoted: false, replaced: null });
    });

    test('promote touches no other owner', async () => {
      const { id } = await storedConnector(store());
      const owner = await storedAgent(store());
      const shared = credential(id);
      const pending = credential(id, { agentId: owner.id, slot: 'pending' });
      await store().credentials.put(shared);
      await store().credentials.put(pending);
      expect(await store().credentials.promote(pending.id)).toEqual({ promoted: true, replaced: null });
      expect(await store().credentials.find(id, null, 'active')).toEqual(shared);
    });

    test('are due for refresh when active, refreshable, alive, about to expire and not backing off', async () => {
      const put = async (fields: Parameters<typeof credential>[1]) => {
        const record = credential((await storedConnector(store())).id, { expiresAt: NOW - 10, ...fields });
        await store().credentials.put(record);
        return record.id;
      };
      const second = await put({});
      const first = await put({ expiresAt: NOW - 20, state: 'needs_scope', refreshAfter: NOW - 100 });
      await put({ expiresAt: NOW });
      await put({ expiresAt: null });
      await put({ refreshable: false });
      await put({ slot: 'pending' });
      await put({ state: 'reauthorization_required' });
      await put({ refreshAfter: NOW - 99 });
      const due = await store().credentials.dueForRefresh(NOW - 100, NOW, 10);
      expect(due.map((each) => each.id)).toEqual([first, second]);
      expect(await store().credentials.dueForRefresh(NOW - 100, NOW, 1)).toHaveLength(1);
    });

    test('are deleted once', async () => {
      const record = credential((await storedConnector(store())).id);
      await store().credentials.put(record);
      expect(await store().credentials.delete(record.id)).toBe(true);
      expect(await store().credentials.delete(record.id)).toBe(false);
    });
  });
}
