// Keyset pages: whatever the ids are, whatever the limit, a walk sees each record once, in byte order.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Page, PageRequest } from '../../../src/store/records.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Backend } from './backend.ts';
import {
  agent,
  agentKey,
  apiToken,
  auditEntry,
  connector,
  storedAgent,
  storedConnector,
  transcriptEntry,
} from './fixtures.ts';
import { useStore } from './use-store.ts';

type Listed = { readonly id: string };
type Kind = {
  readonly name: string;
  readonly newestFirst: boolean;
  /** Stores records of these ids in a scope of their own, and answers how to list that scope. */
  store(store: Store, ids: readonly string[]): Promise<(request: PageRequest) => Promise<Page<Listed>>>;
};

const KINDS: readonly Kind[] = [
  {
    name: 'agent keys',
    newestFirst: false,
    async store(store, ids) {
      const owner = await storedAgent(store);
      for (const id of ids) await store.agents.insertKey(agentKey(owner.id, { id: `${owner.id} ${id}` }));
      return (request) => store.agents.listKeys(owner.id, request);
    },
  },
  {
    name: 'audit',
    newestFirst: true,
    async store(store, ids) {
      const { id: agentId } = agent();
      for (const id of ids) await store.audit.append(auditEntry({ id: `${agentId} ${id}`, agentId }));
      return (request) => store.audit.list({ agentId }, request);
    },
  },
  {
    name: 'transcripts',
    newestFirst: true,
    async store(store, ids) {
      const owner = await storedConnector(store);
      const entries = ids.map((id) => transcriptEntry(owner.id, { id: `${owner.id} ${id}` }));
      await store.transcripts.append(entries, 1_000);
      return (request) => store.transcripts.list(owner.id, request);
    },
  },
];

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function walk(list: (request: PageRequest) => Promise<Page<Listed>>, limit: number): Promise<readonly string[]> {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    if (cursor !== undefined) expect(page.items, 'a cursor promises more').not.toHaveLength(0);
    seen.push(...page.items.map((item) => item.id));
    cursor = page.nextCursor ?? undefined;
    if (page.nextCursor !== null) expect(page.nextCursor).toBe(seen.at(-1));
  } while (cursor !== undefined);
  return seen;
}

export function describePages(backend: Backend): void {
  describe('pages', () => {
    const store = useStore(backend);

    test.each(KINDS)('of $name show each record once, in byte order', async ({ store: fill, newestFirst }) => {
      // Mixed case, signs and letters beyond ASCII: what a language's collation would order differently.
      const id = fc.string({
        unit: fc.constantFrom('a', 'B', 'b', '_', '-', '0', 'é', 'z', '😀'),
        minLength: 1,
        maxLength: 4,
      });
      const ids = fc.uniqueArray(id, { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(ids, fc.integer({ min: 1, max: 5 }), async (each, limit) => {
          const list = await fill(store(), each);
          const seen = await walk(list, limit);
          expect(new Set(seen).size).toBe(each.length);
          const sorted = seen.toSorted(byBytes);
          expect(seen).toEqual(newestFirst ? sorted.reverse() : sorted);
        }),
        { numRuns: 15 },
      );
    });

    test('go on where they ended though records come and go between them', async () => {
      const fill = await storedConnector(store());
      const entries = Array.from({ length: 6 }, () => transcriptEntry(fill.id));
      await store().transcripts.append(entries, 100);
      const first = await store().transcripts.list(fill.id, { limit: 2 });
      await store().transcripts.append([transcriptEntry(fill.id)], 100);
      const second = await store().transcripts.list(fill.id, { limit: 2, cursor: String(first.nextCursor) });
      expect([...first.items, ...second.items]).toEqual(entries.slice(2).reverse());
    });

    test('of connectors, agents and API tokens follow their ids', async () => {
      const records = [1, 2, 3].map(() => ({ connector: connector(), agent: agent(), token: apiToken() }));
      for (const each of records.toReversed()) {
        await store().connectors.insert(each.connector);
        await store().agents.insert(each.agent);
        await store().apiTokens.insert(each.token);
      }
      const last = <T>(ids: readonly T[]) => ids.slice(-3);
      expect(last(await walk(store().connectors.list, 2))).toEqual(records.map((each) => each.connector.id));
      expect(last(await walk(store().agents.list, 2))).toEqual(records.map((each) => each.agent.id));
      expect(await walk(store().apiTokens.list, 3)).toEqual(records.map((each) => each.token.id));
    });
  });
}
