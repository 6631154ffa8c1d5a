import { describe, expect, test } from 'vitest';
import type { Backend } from './backend.ts';
import { auditEntry, NOW, storedAgent, storedConnector, transcriptEntry } from './fixtures.ts';
import { useStore } from './use-store.ts';

export function describeBookkeeping(backend: Backend): void {
  describe('grants', () => {
    const store = useStore(backend);

    test('are replaced as a whole, for one agent alone', async () => {
      const [mine, other] = [await storedAgent(store()), await storedAgent(store())];
      const { id } = await storedConnector(store());
      const grant = (agentId: string, toolName: string) => ({ agentId, connectorId: id, toolName });
      await store().grants.replace(other.id, [grant(other.id, 'a')]);
      await store().grants.replace(mine.id, [grant(mine.id, 'b'), grant(mine.id, 'a'), grant(mine.id, 'a')]);
      expect(await store().grants.listByAgent(mine.id)).toEqual([grant(mine.id, 'a'), grant(mine.id, 'b')]);
      await store().grants.replace(mine.id, [grant(mine.id, 'c')]);
      expect(await store().grants.listByAgent(mine.id)).toEqual([grant(mine.id, 'c')]);
      expect(await store().grants.listByAgent(other.id)).toEqual([grant(other.id, 'a')]);
      await store().grants.replace(mine.id, []);
      expect(await store().grants.listByAgent(mine.id)).toEqual([]);
    });

    test('stay as they were when one of the new ones names a connector that is gone', async () => {
      const mine = await storedAgent(store());
      const { id } = await storedConnector(store());
      const kept = [{ agentId: mine.id, connectorId: id, toolName: 'a' }];
      await store().grants.replace(mine.id, kept);
      const broken = [{ agentId: mine.id, connectorId: 'con_absent', toolName: 'a' }];
      await expect(store().grants.replace(mine.id, broken)).rejects.toMatchObject({ code: 'not_found' });
      expect(await store().grants.listByAgent(mine.id)).toEqual(kept);
      await expect(store().grants.replace('agt_absent', [])).rejects.toMatchObject({ code: 'not_found' });
    });
  });

  describe('the audit log', () => {
    const store = useStore(backend);

    test('is filtered by connector, agent and action together', async () => {
      const one = auditEntry({
        connectorId: 'con_1',
        agentId: 'agt_1',
        action: 'a.b',
        detail: { n: 1, deep: { x: [] } },
      });
      const two = auditEntry({ connectorId: 'con_1', agentId: 'agt_2', action: 'a.b', credentialId: 'crd_1' });
      const three = auditEntry({ connectorId: 'con_2', agentId: 'agt_1', action: 'c.d' });
      for (const each of [one, two, three]) await store().audit.append(each);
      const list = async (filter: Parameters<ReturnType<typeof store>['audit']['list']>[0]) =>
        (await store().audit.list(filter, { limit: 10 })).items;
      expect(await list({})).toEqual([three, two, one]);
      expect(await list({ connectorId: 'con_1' })).toEqual([two, one]);
      expect(await list({ agentId: 'agt_1' })).toEqual([three, one]);
      expect(await list({ connectorId: 'con_1', agentId: 'agt_1', action: 'a.b' })).toEqual([one]);
      expect(await list({ connectorId: 'con_2', action: 'a.b' })).toEqual([]);
    });

    test('loses what is older than a moment, and nothing of that moment', async () => {
      const old = [1, 2, 3].map(() => auditEntry({ at: NOW - 1_001, action: 'old' }));
      const kept = auditEntry({ at: NOW - 1_000, action: 'old' });
      for (const each of [...old, kept]) await store().audit.append(each);
      expect(await store().audit.deleteBefore(NOW - 1_000)).toBe(3);
      expect((await store().audit.list({ action: 'old' }, { limit: 10 })).items).toEqual([kept]);
    });
  });

  describe('transcripts', () => {
    const store = useStore(backend);

    test('keep the newest entries of each connector, newest first', async () => {
      const [first, second] = [await storedConnector(store()), await storedConnector(store())];
      const entries = Array.from({ length: 12 }, () => transcriptEntry(first.id));
      const other = transcriptEntry(second.id, {
        status: null,
        durationMs: null,
        method: null,
        url: null,
        decision: 'x',
      });
      await store().transcripts.append([other], 5);
      for (let i = 0; i < entries.length; i += 3) await store().transcripts.append(entries.slice(i, i + 3), 5);
      const { items } = await store().transcripts.list(first.id, { limit: 50 });
      expect(items).toEqual(entries.slice(-5).reverse());
      expect((await store().transcripts.list(second.id, { limit: 50 })).items).toEqual([other]);
      await store().transcripts.append([], 5);
    });
  });

  describe('mail', () => {
    const store = useStore(backend);
    const message = (address: string, expiresAt = NOW + 1_000) => ({
      address,
      sealed: `sealed for ${address}`,
      expiresAt,
    });

    test('is taken once, by whoever names its address', async () => {
      const { leave, take } = store().mail;
      await leave(message('a'), NOW);
      await leave({ ...message('a'), sealed: 'a second one' }, NOW);
      await leave(message('b'), NOW);
      expect(await take(['a', 'c'], NOW)).toEqual([{ address: 'a', sealed: 'sealed for a' }]);
      expect(await take(['a'], NOW)).toEqual([]);
      expect(await take([], NOW)).toEqual([]);
      expect(await take(['b'], NOW)).toHaveLength(1);
    });

    test('that expired is nobody’s, and makes room', async () => {
      const { leave, take } = store().mail;
      await leave(message('late'), NOW);
      expect(await take(['late'], NOW + 1_000)).toEqual([]);
      await leave(message('old'), NOW);
      await leave(message('new', NOW + 9_000), NOW + 2_000);
      await leave({ ...message('old', NOW + 9_000), sealed: 'anew' }, NOW + 2_000);
      expect(await take(['old'], NOW + 2_000)).toEqual([{ address: 'old', sealed: 'anew' }]);
    });

    test('that nobody took is deleted once it has expired', async () => {
      const { leave, take, deleteExpired } = store().mail;
      await leave(message('stale', NOW + 1_000), NOW);
      await leave(message('fresh', NOW + 2_000), NOW);
      await deleteExpired(NOW + 1_000);
      expect(await take(['stale', 'fresh'], NOW)).toEqual([{ address: 'fresh', sealed: 'sealed for fresh' }]);
    });
  });

  describe('leases', () => {
    const store = useStore(backend);

    test('exclude others until they lapse or are released, and renew for their holder', async () => {
      const { acquire, release } = store().leases;
      expect(await acquire('refresh:1', 'process A', NOW, 1_000)).toBe(true);
      expect(await acquire('refresh:1', 'process B', NOW + 999, 1_000)).toBe(false);
      expect(await acquire('refresh:2', 'process B', NOW, 1_000)).toBe(true);
      expect(await acquire('refresh:1', 'process A', NOW + 500, 1_000)).toBe(true);
      expect(await acquire('refresh:1', 'process B', NOW + 1_000, 1_000)).toBe(false);
      expect(await acquire('refresh:1', 'process B', NOW + 1_500, 1_000)).toBe(true);
      await release('refresh:1', 'process A');
      expect(await acquire('refresh:1', 'process A', NOW + 1_600, 1_000)).toBe(false);
      await release('refresh:1', 'process B');
      expect(await acquire('refresh:1', 'process A', NOW + 1_600, 1_000)).toBe(true);
    });

    test('that lapsed are swept', async () => {
      await store().leases.acquire('sweep:1', 'process A', NOW - 10_000, 1_000);
      await store().leases.acquire('sweep:2', 'process A', NOW - 10_000, 1_001);
      expect(await store().leases.deleteExpired(NOW - 9_000)).toBe(1);
    });
  });

  describe('meta', () => {
    const store = useStore(backend);

    test('is set once; later callers get what stands', async () => {
      expect(await store().meta.get('instance')).toBeNull();
      expect(await store().meta.setOnce('instance', 'first')).toBe('first');
      expect(await store().meta.setOnce('instance', 'second')).toBe('first');
      expect(await store().meta.get('instance')).toBe('first');
    });
  });
}
