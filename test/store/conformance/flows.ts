import { describe, expect, test } from 'vitest';
import type { Backend } from './backend.ts';
import { flow, NOW, storedAgent, storedConnector } from './fixtures.ts';
import { useStore } from './use-store.ts';

export function describeFlows(backend: Backend): void {
  describe('flows', () => {
    const store = useStore(backend);
    const stored = async (fields: Parameters<typeof flow>[1] = {}) => {
      const record = flow((await storedConnector(store())).id, fields);
      await store().flows.insert(record);
      return record;
    };

    test('are found by ticket, state and id as they were stored', async () => {
      const owner = await storedAgent(store());
      const record = await stored({ agentId: owner.id, stateHash: 'state 1', browserHash: 'browser', returnTo: '/x' });
      expect(await store().flows.findByTicket(record.ticketHash)).toEqual(record);
      expect(await store().flows.findByState('state 1')).toEqual(record);
      expect(await store().flows.get(record.id)).toEqual(record);
      expect(await store().flows.findByState('state 0')).toBeNull();
    });

    test('open once, and again only for the same browser, which replaces the state', async () => {
      const record = await stored();
      expect(await store().flows.open(record.id, 'browser A', 'state A1')).toBe(true);
      expect(await store().flows.open(record.id, 'browser B', 'state B')).toBe(false);
      expect(await store().flows.open(record.id, 'browser A', 'state A2')).toBe(true);
      expect(await store().flows.findByState('state A1')).toBeNull();
      expect(await store().flows.findByState('state A2')).toMatchObject({ status: 'opened', browserHash: 'browser A' });
    });

    test('are consumed once, and only when opened', async () => {
      const record = await stored();
      expect(await store().flows.consume(record.id)).toBe(false);
      await store().flows.open(record.id, 'browser', 'state C');
      expect(await store().flows.consume(record.id)).toBe(true);
      expect(await store().flows.consume(record.id)).toBe(false);
      expect(await store().flows.open(record.id, 'browser', 'state D')).toBe(false);
    });

    test('remember how they ended', async () => {
      const record = await stored();
      const outcome = {
        code: 'authorization_denied',
        message: 'Denied.',
        providerCode: 'access_denied',
        providerText: null,
      };
      await store().flows.setOutcome(record.id, outcome);
      expect(await store().flows.get(record.id)).toEqual({ ...record, outcome });
    });

    test('refuse a ticket or a state that another flow has', async () => {
      const first = await stored({ stateHash: 'state taken' });
      await expect(stored({ ticketHash: first.ticketHash })).rejects.toMatchObject({
        code: 'conflict',
        details: { field: 'ticketHash' },
      });
      const second = await stored();
      await expect(store().flows.open(second.id, 'browser', 'state taken')).rejects.toMatchObject({ code: 'conflict' });
    });

    test('are deleted from the moment they expire', async () => {
      const gone = await stored({ expiresAt: NOW - 500 });
      const kept = await stored({ expiresAt: NOW - 499 });
      expect(await store().flows.deleteExpired(NOW - 500)).toBe(1);
      expect(await store().flows.get(gone.id)).toBeNull();
      expect(await store().flows.get(kept.id)).not.toBeNull();
    });

    test('of one owner are ended together, and those of the others go on', async () => {
      const { id } = await storedConnector(store());
      const agent = await storedAgent(store());
      const [shared, own] = [flow(id), flow(id, { agentId: agent.id })];
      for (const each of [shared, own]) await store().flows.insert(each);
      expect(await store().flows.deleteOf(id, null)).toBe(1);
      expect(await store().flows.get(shared.id)).toBeNull();
      expect(await store().flows.get(own.id)).not.toBeNull();
      expect(await store().flows.deleteOf(id, agent.id)).toBe(1);
      expect(await store().flows.get(own.id)).toBeNull();
    });

    test('of a connector that is gone are refused as not_found', async () => {
      await expect(store().flows.insert(flow('con_absent'))).rejects.toMatchObject({ code: 'not_found' });
    });
  });
}
