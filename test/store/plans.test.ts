// How the database finds what pages and the background ask for: by an index, never by reading a table from end to end.
// A plan is looked at and not a clock.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { DELETED_PER_STATEMENT } from '../../src/store/sql/rows.ts';
import type { Store } from '../../src/store/store.ts';
import { storedConnector } from './conformance/fixtures.ts';

const NOW = 1_780_000_000_000;
const PAGE = { limit: 50, cursor: 'x_5' };
const IDS = ['con_1', 'con_2'];
const AGENTS = ['agt_1', 'agt_2'];

let folder: string;
let store: Store;
let seen: DatabaseSync;
const statements: { sql: string }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatelaine-plans-'));
  const file = join(folder, 'chatelaine.db');
  store = await openStore({ kind: 'sqlite', file });
  await storedConnector(store);
  seen = new DatabaseSync(file);
});
afterAll(async () => {
  seen?.close();
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What the store asks the database while `run` runs. */
async function asked(run: () => Promise<unknown>): Promise<typeof statements> {
  statements.length = 0;
  const prepare = DatabaseSync.prototype.prepare;
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string, ...rest: []) {
    statements.push({ sql });
    return prepare.call(this, sql, ...rest);
  } as typeof prepare;
  try {
    await run();
  } finally {
    DatabaseSync.prototype.prepare = prepare;
  }
  return [...statements];
}

/** Steps of plans that read a whole table; a partial index that is read whole holds only what is sought. */
function fullScans(plans: readonly { sql: string }[]): string[] {
  return plans.flatMap(({ sql }) => {
    const steps = seen.prepare(`explain query plan ${sql}`).all() as { detail: string }[];
    return steps
      .map(({ detail }) => detail)
      .filter((detail) => /^SCAN (?!newest|counted|\(subquery|agents USING COVERING INDEX agents_search)/.test(detail))
      .filter(
        (detail) =>
          !/USING (COVERING )?INDEX (credentials_(troubled|ending|pending)|connectors_unreachable|tools_changed)\b/.test(
            detail,
          ),
      )
      .map((detail) => `${detail}: ${sql.slice(0, 120)}`);
  });
}

const READS: Record<string, () => Promise<unknown>> = {
  'a page of connectors': () => store.connectors.list(PAGE),
  'a page of agents': () => store.agents.list(PAGE),
  'agents by name': () => store.agents.list({ ...PAGE, search: 'x' }),
  'figures of connectors': () => store.overview.figures(IDS, NOW),
  'shared credentials': () => store.overview.shared(IDS),
  'own credentials': () => store.overview.own(AGENTS, IDS),
  'own credentials of many agents at many connectors': () =>
    store.overview.own(
      Array.from({ length: 30 }, (_, i) => `agt_${i}`),
      Array.from({ length: 30 }, (_, i) => `con_${i}`),
    ),
  'a credential of each connector': () => store.overview.samples(IDS, NOW),
  'tools of connectors': () => store.overview.tools(IDS),
  'grants of agents': () => store.overview.granted(AGENTS),
  'grants of agents at a connector': () => store.overview.granted(AGENTS, 'con_1'),
  'hours of connectors': () => store.overview.callsByHour('connectorId', IDS, NOW),
  'hours of agents': () => store.overview.callsByHour('agentId', AGENTS, NOW),
  'last calls': () => store.overview.lastCalls(AGENTS),
  'keys of agents': () => store.overview.agentKeys(AGENTS),
  'what ended': () => store.overview.ended(10),
  'what fails': () => store.overview.failing(10),
  'what ends soon': () => store.overview.ending(NOW, 10),
  'servers that cannot be reached': () => store.overview.unreachable(10),
  'changed tools': () => store.overview.changed(10),
  'registrations that end': () => store.overview.registrationsEnding(NOW, 10),
  'an agent of a connector': () => store.credentials.listOfAgents('con_1', 5),
  'pending credentials': () => store.credentials.listPending('con_1', 10),
  'tokens to renew': () => store.credentials.dueForRefresh(NOW, NOW, 10),
  'more tokens to renew': () => store.credentials.dueForRefresh(NOW, NOW, 10, { id: 'crd_1', expiresAt: NOW }),
  'tools to list': () => store.connectors.dueForSync(NOW, 10),
  'old lines of the audit log': () => store.audit.deleteBefore(NOW - 1e12),
  'old calls': () => store.calls.deleteBefore('cal_', 0),
  'expired flows': () => store.flows.deleteExpired(NOW),
  'expired leases': () => store.leases.deleteExpired(NOW),
  'expired attempts': () => store.attempts.deleteExpired(NOW),
  'the call log': () => store.calls.list({}, PAGE),
  'calls of an agent': () => store.calls.list({ agentId: 'agt_1' }, PAGE),
  'calls that failed': () => store.calls.list({ outcome: 'error' }, PAGE),
  'the audit log of an action': () => store.audit.list({ action: 'x' }, PAGE),
};

test.each(Object.keys(READS))('%s', async (name) => {
  const run = READS[name] as () => Promise<unknown>;
  const plans = await asked(run);
  expect(plans.length).toBeGreaterThan(0);
  expect(fullScans(plans)).toEqual([]);
});

test('a long deletion gives others a turn after each piece', async () => {
  seen.exec(`insert into audit (id, at, actor, action, detail)
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 2000)
    select 'aud_' || n, 0, 'system', 'x', '{}' from numbers`);
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  expect(await store.audit.deleteBefore(NOW)).toBe(2000);
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(2000 / DELETED_PER_STATEMENT);
});

test('a statement without an index would be found', () => {
  expect(fullScans([{ sql: "select * from credentials where sealed = 'x'" }])).not.toEqual([]);
});
