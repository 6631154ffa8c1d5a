// Two stores over one database stand for two processes.

import { describe, expect, test } from 'vitest';
import type { Backend } from './backend.ts';
import { credential, flow, NOW, registration, storedAgent, storedConnector, tool } from './fixtures.ts';
import { useStores } from './use-store.ts';

export function describeConcurrency(backend: Backend): void {
  describe('two processes at once', () => {
    const [here, there] = useStores(backend, 2) as [ReturnType<typeof useStores>[0], ReturnType<typeof useStores>[0]];
    /** Runs `run` so many times at once, in turn on either store. */
    const race = <T>(callers: number, run: (store: ReturnType<NonNullable<typeof here>>, i: number) => Promise<T>) =>
      Promise.all(Array.from({ length: callers }, (_, i) => run(i % 2 === 0 ? first() : second(), i)));
    const first = () => here?.() ?? absent();
    const second = () => there?.() ?? absent();
    const wins = (outcomes: readonly boolean[]) => outcomes.filter(Boolean).length;

    test('of fifty callers one consumes a flow', async () => {
      const record = flow((await storedConnector(first())).id);
      await first().flows.insert(record);
      await first().flows.open(record.id, 'browser', 'state');
      expect(wins(await race(50, (store) => store.flows.consume(record.id)))).toBe(1);
    });

    test('of fifty browsers one opens a flow', async () => {
      const record = flow((await storedConnector(first())).id);
      await first().flows.insert(record);
      const opened = await race(50, (store, i) => store.flows.open(record.id, `browser ${i}`, `state of browser ${i}`));
      expect(wins(opened)).toBe(1);
      expect(await second().flows.get(record.id)).toMatchObject({ browserHash: `browser ${opened.indexOf(true)}` });
    });

    test('of fifty callers one gets a lease, also one that lapsed', async () => {
      for (const now of [NOW, NOW + 1_000]) {
        const got = await race(50, (store, i) => store.leases.acquire('race', `holder ${now} ${i}`, now, 1_000));
        expect(wins(got)).toBe(1);
      }
    });

    test('of fifty rotations of one generation one is written', async () => {
      const record = credential((await storedConnector(first())).id);
      await first().credentials.put(record);
      const done = await race(50, (store, i) => store.credentials.update(record.id, 1, { sealed: `rotated ${i}` }));
      expect(wins(done)).toBe(1);
      expect(await first().credentials.get(record.id)).toMatchObject({
        sealed: `rotated ${done.indexOf(true)}`,
        generation: 2,
      });
    });

    test('each credential put in one slot is answered as replaced exactly once, but for the last', async () => {
      const { id } = await storedConnector(first());
      const records = Array.from({ length: 20 }, () => credential(id));
      const replaced = await race(20, (store, i) => store.credentials.put(records[i] as (typeof records)[number]));
      const standing = await first().credentials.listByConnector(id);
      expect(standing).toHaveLength(1);
      const accounted = [...replaced, ...standing].flatMap((each) => (each === null ? [] : [each.id]));
      expect(accounted.sort()).toEqual(records.map((each) => each.id).sort());
    });

    test('of twenty callers one promotes', async () => {
      const { id } = await storedConnector(first());
      const pending = credential(id, { slot: 'pending' });
      await first().credentials.put(credential(id));
      await first().credentials.put(pending);
      const outcomes = await race(20, (store) => store.credentials.promote(pending.id));
      expect(wins(outcomes.map((each) => each.promoted))).toBe(1);
      expect(outcomes.filter((each) => each.replaced !== null)).toHaveLength(1);
    });

    test('of twenty registrations at one issuer one stands', async () => {
      const issuer = 'https://race.example.com';
      const records = Array.from({ length: 20 }, () => registration({ issuer }));
      await race(20, (store, i) => store.registrations.put(records[i] as (typeof records)[number]));
      const standing = await first().registrations.find(issuer, String(records[0]?.redirectUri));
      const found = await Promise.all(records.map((each) => second().registrations.get(each.id)));
      expect(found.filter((each) => each !== null)).toEqual([standing]);
    });

    test('of twenty agents of one name one is created, and the others are told', async () => {
      const outcomes = await race(20, (store) =>
        storedAgent(store, { name: 'contested' }).then(
          () => 'created',
          (error: { code: string }) => error.code,
        ),
      );
      expect(outcomes.toSorted()).toEqual([...Array(19).fill('conflict'), 'created']);
    });

    test('listings of many owners saved at once are all kept', async () => {
      const { id } = await storedConnector(first());
      const owners = await Promise.all(Array.from({ length: 12 }, () => storedAgent(first())));
      const shown = (i: number) => [tool('common'), tool(`own_${i}`)];
      const changes = await race(12, (store, i) => store.tools.saveSnapshot(id, String(owners[i]?.id), shown(i), NOW));
      expect(changes.filter((change) => change.added.includes('common'))).toHaveLength(1);
      expect((await first().tools.get(id, 'common'))?.listedBy).toHaveLength(12);
      expect(await first().tools.counts([id])).toEqual(new Map([[id, 13]]));
      // Half of the agents leave while the other half lists again.
      await race(12, async (store, i) => {
        if (i < 6) await store.agents.delete(String(owners[i]?.id));
        else await store.tools.saveSnapshot(id, String(owners[i]?.id), shown(i), NOW + 1);
      });
      expect(await second().tools.counts([id])).toEqual(new Map([[id, 7]]));
    });

    test('sets of grants replaced at once never mix', async () => {
      const owner = await storedAgent(first());
      const { id } = await storedConnector(first());
      const set = (i: number) =>
        ['x', 'y', 'z'].map((name) => ({ agentId: owner.id, connectorId: id, toolName: `${name}${i}` }));
      await race(20, (store, i) => store.grants.replace(owner.id, set(i)));
      const standing = await first().grants.listByAgent(owner.id);
      expect(standing).toHaveLength(3);
      expect(new Set(standing.map((each) => each.toolName.slice(1))).size).toBe(1);
    });

    test('meta written at once has one value, which all callers get', async () => {
      const answers = await race(20, (store, i) => store.meta.setOnce('canary', `value ${i}`));
      expect(new Set(answers).size).toBe(1);
    });
  });
}

function absent(): never {
  throw new Error('there are two stores');
}
