// A forecast of more than anybody reads: the worst of it, said to be not all, and the lists that find the rest.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { COUNTED_MAX, FORECAST_MAX, GRANTS_LOOKED_AT } from '../../src/work-limits.ts';
import { agent, connector, credential } from '../store/conformance/fixtures.ts';
import { startHub, type TestHub } from '../support/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub({ background: false });
});
afterAll(() => hub?.close());

const file = () => join(hub.folder, 'chatelaine.db');
const forecast = () => hub.ok('GET', '/api/health/forecast');

/** So many agents with a grant at the connector, the first `own` of them with a credential. */
function manyAgents(connectorId: string, count: number, own: number): void {
  const db = new DatabaseSync(file());
  const numbers = `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${count})`;
  db.exec(`insert into agents (id, name, enabled, created_at, updated_at)
    ${numbers} select printf('agt_many%08d', n), printf('Many %08d', n), 1, 0, 0 from numbers`);
  db.exec(`insert into grants ${numbers} select printf('agt_many%08d', n), '${connectorId}', 'look' from numbers`);
  db.exec(`insert into credentials (id, connector_id, agent_id, owner, slot, kind, sealed, generation, refreshable,
      state, state_at, set_at, refresh_failures)
    ${numbers} select printf('crd_many%08d', n), '${connectorId}', printf('agt_many%08d', n), printf('agt_many%08d', n),
      'active', 'static', 'x', 1, 0, 'ok', 0, 0, 0 from numbers where n <= ${own}`);
  db.close();
}

test('what is worst is told, up to a bound, and that there is more', async () => {
  const store = await openStore({ kind: 'sqlite', file: file() });
  const broken = connector({ name: 'Broken', credentialMode: 'per_agent' });
  await store.connectors.insert(broken);
  const one = agent({ name: 'One' });
  await store.agents.insert(one);
  await store.credentials.put(
    credential(broken.id, { agentId: one.id, state: 'reauthorization_required', reason: 'gone' }),
  );
  expect((await forecast()).complete).toBe(true);
  for (let i = 0; i < FORECAST_MAX; i += 1) await store.connectors.insert(connector({ credentialMode: 'shared' }));
  const { items, complete } = await forecast();
  expect(complete).toBe(false);
  expect(items).toHaveLength(FORECAST_MAX);
  expect(items[0]).toMatchObject({ kind: 'needs_person', severity: 'error', agentName: 'One' });
  await store.close();
});

test('agents are counted up to a bound, and looked through for missing credentials from the newest on', async () => {
  const store = await openStore({ kind: 'sqlite', file: file() });
  const busy = connector({ name: 'Busy', credentialMode: 'per_agent', authType: 'bearer' });
  await store.connectors.insert(busy);
  manyAgents(busy.id, COUNTED_MAX + 5, COUNTED_MAX + 4);
  const { agents } = await hub.ok('GET', `/api/connectors/${busy.id}/summary`);
  expect(agents).toEqual({ granted: COUNTED_MAX, connected: COUNTED_MAX });
  const { pairs, complete } = await store.overview.withoutCredential(GRANTS_LOOKED_AT, 10);
  expect(pairs).toEqual([{ connectorId: busy.id, agentId: `agt_many${String(COUNTED_MAX + 5).padStart(8, '0')}` }]);
  expect(complete).toBe(false);
  await store.close();
});

test('a list is told page by page, and searched in whole', async () => {
  const first = await hub.ok('GET', '/api/agents/summary?limit=3');
  expect(first.items).toHaveLength(3);
  const next = await hub.ok('GET', `/api/agents/summary?limit=3&cursor=${first.nextCursor}`);
  expect(next.items[0].id > first.items[2].id).toBe(true);
  const found = await hub.ok('GET', `/api/agents/summary?search=mANY%200001000`);
  expect(found.items.map(({ name }: { name: string }) => name)).toEqual(
    [0, 1, 2, 3, 4, 5].map((last) => `Many 0001000${last}`),
  );
  const connectors = await hub.ok('GET', '/api/connectors/summary?search=busy&limit=2');
  expect(connectors).toMatchObject({ items: [{ name: 'Busy' }], nextCursor: null });
});
