import { describe, expect, test } from 'vitest';
import type { SealedKind } from '../../../src/store/store.ts';
import type { Backend } from './backend.ts';
import { call } from './calls.ts';
import { connector, credential, flow, registration } from './fixtures.ts';
import { useStore } from './use-store.ts';

const KINDS: readonly SealedKind[] = [
  'connector.headers',
  'connector.client',
  'registration.client',
  'flow.secrets',
  'credential.secret',
  'call.capture',
  'meta.canary',
  'meta.sign_in',
];

export function describeSealed(backend: Backend): void {
  describe('sealed cells', () => {
    const store = useStore(backend);

    test('every secret column is walked with what its associated data is made of', async () => {
      const { connectors, registrations, flows, credentials, calls, meta, sealed } = store();
      const empty = connector();
      await connectors.insert(empty);
      await meta.setOnce('other', 'no secret');
      expect(await sealed.isEmpty()).toBe(true);

      const full = connector({ sealedHeaders: 'sealed headers', sealedClient: 'sealed client' });
      await connectors.insert(full);
      expect(await sealed.isEmpty()).toBe(false);
      const client = registration();
      await registrations.put(client);
      const step = flow(full.id, { resource: null });
      await flows.insert(step);
      const token = credential(full.id);
      await credentials.put(token);
      await calls.append([call({ id: 'cal_1' })], [], [{ id: 'cal_1', sealed: 'sealed capture' }]);
      await meta.setOnce('canary', 'sealed canary');
      await meta.setOnce('sign_in', 'sealed sign-in');

      const cells = Object.fromEntries(
        await Promise.all(KINDS.map(async (kind) => [kind, await sealed.batch(kind, null, 10)] as const)),
      );
      const cell = (kind: SealedKind, id: string, ciphertext: string, issuer: string | null = null) => [
        { kind, id, ciphertext, issuer, resource: null },
      ];
      expect(cells).toEqual({
        'connector.headers': cell('connector.headers', full.id, 'sealed headers'),
        'connector.client': cell('connector.client', full.id, 'sealed client'),
        'registration.client': cell('registration.client', client.id, client.sealed, client.issuer),
        'flow.secrets': cell('flow.secrets', step.id, step.sealed, step.issuer),
        'credential.secret': [
          { ...cell('credential.secret', token.id, token.sealed, token.issuer)[0], resource: token.resource },
        ],
        'call.capture': cell('call.capture', 'cal_1', 'sealed capture'),
        'meta.canary': cell('meta.canary', 'canary', 'sealed canary'),
        'meta.sign_in': cell('meta.sign_in', 'sign_in', 'sealed sign-in'),
      });
    });

    test.each(KINDS)('%s is replaced while it is still what was read, once', async (kind) => {
      const [cell] = await store().sealed.batch(kind, null, 1);
      if (cell === undefined) throw new Error('the test before this one stored it');
      expect(await store().sealed.replace(cell, 'new')).toBe(true);
      expect(await store().sealed.replace(cell, 'newer')).toBe(false);
      expect(await store().sealed.batch(kind, null, 1)).toEqual([{ ...cell, ciphertext: 'new' }]);
      expect(await store().sealed.batch(kind, cell.id, 1)).toEqual([]);
    });

    test('batches follow each other by id', async () => {
      const some = [1, 2, 3].map(() => registration());
      for (const each of some) await store().registrations.put(each);
      const first = await store().sealed.batch('registration.client', String(some[0]?.id), 1);
      const second = await store().sealed.batch('registration.client', String(first[0]?.id), 5);
      expect([...first, ...second].map((each) => each.id)).toEqual(some.slice(1).map((each) => each.id));
    });
  });
}
