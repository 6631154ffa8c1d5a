// Who may call what: decided in memory, current within a second everywhere and at once where it was changed.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AgentAccess, callableTool } from '../../src/hub/agent-access.ts';
import { Secret } from '../../src/secret.ts';
import { createHub, type EmbeddedHub } from '../../src/server/create-hub.ts';
import { openStore, type StoreLocation } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { generateKey } from '../../src/vault/keyring.ts';
import { agentKey, NOW, storedAgent, storedConnector, tool } from '../store/conformance/fixtures.ts';
import { ME } from '../support/embedded.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

const SECOND = 1_000;
const keys = generateKey();
let postgres: TestPostgres;
let folder: string;
let clock = NOW;
let queries: string[] = [];
let store: Store;
let hub: EmbeddedHub['hub'];
let other: EmbeddedHub['hub'];
let closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'chatelaine-access-'));
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const close of closing) await close();
  closing = [];
});

/** The store, telling which of its methods are called. */
function counted(real: Store): Store {
  const parts = Object.entries(real).map(([name, part]) => {
    if (typeof part !== 'object') return [name, part];
    const methods = Object.entries(part).map(([method, call]) => [
      method,
      (...values: unknown[]) => {
        queries.push(`${name}.${method}`);
        return (call as (...values: unknown[]) => unknown)(...values);
      },
    ]);
    return [name, Object.fromEntries(methods)];
  });
  return Object.fromEntries(parts) as Store;
}

let files = 0;
async function start(kind: StoreLocation['kind']): Promise<void> {
  files += 1;
  const location: StoreLocation =
    kind === 'sqlite'
      ? { kind, file: join(folder, `${files}`, 'chatelaine.db') }
      : { kind, url: await postgres.createDatabase() };
  clock = NOW;
  store = await openStore(location);
  closing.push(() => store.close());
  const open = async (database: Store) => {
    const opened = await createHub({
      url: 'http://127.0.0.1:1',
      database,
      encryptionKeys: keys,
      background: false,
      now: () => clock,
    });
    closing.unshift(() => opened.close());
    return opened.hub;
  };
  hub = await open(counted(await openStore(location)));
  other = await open(await openStore(location));
}

async function household() {
  const connector = await storedConnector(store, { key: 'linear', authType: 'none', credentialMode: null });
  await store.tools.saveSnapshot(connector.id, '', [tool('read'), tool('write'), tool('drop')], NOW);
  const agent = await hub.agents.create({ name: 'Ada' }, ME);
  const { key, record } = await hub.agents.createKey(agent.id, {}, ME);
  await hub.agents.setTools(agent.id, ['mcp__linear__write', 'mcp__linear__read'], ME);
  return { connector, agent, key, keyId: record.id };
}
const may = (access: AgentAccess | null): string[] | null =>
  access === null ? null : [...access.connectors.values()].flatMap((each) => [...each.tools.keys()]);
const seen = async (of: EmbeddedHub['hub'], key: Secret) => may(await of.access.byKey(key));

describe.each(['sqlite', 'postgres'] as const)('on %s', (kind) => {
  beforeEach(() => start(kind));

  test('a key opens exactly the granted tools, in the order of the server, and nothing by another name', async () => {
    const { connector, agent, key, keyId } = await household();
    const access = await hub.access.byKey(key);
    expect(access).toMatchObject({ agent: { id: agent.id }, keyId, limits: agent.limits });
    expect(may(access)).toEqual(['read', 'write']);
    const found = access === null ? null : callableTool(access, 'linear', 'read');
    expect(found).toMatchObject({ ...tool('read'), connectorId: connector.id, parsed: { name: 'read', version: 1 } });
    for (const [at, name] of [
      ['linear', 'drop'],
      ['linear', 'absent'],
      ['sentry', 'read'],
      ['constructor', 'read'],
    ] as const)
      expect(access === null ? 'no access' : callableTool(access, at, name)).toBeNull();
  });

  test.each(['', 'chla_', 'chla_unknown', `chla_${'x'.repeat(1_000)}`, 'chlt_token'])(
    'the key %j is nobody’s',
    async (text) => {
      await household();
      expect(await hub.access.byKey(new Secret(text))).toBeNull();
    },
  );

  test('a key ends with its time', async () => {
    const { agent } = await household();
    const { key } = await hub.agents.createKey(agent.id, { expiresAt: clock + 300 }, ME);
    expect(await seen(hub, key)).toHaveLength(2);
    clock += 299;
    expect(await seen(hub, key)).toHaveLength(2);
    clock += 1;
    expect(await seen(hub, key)).toBeNull();
  });

  type Home = Awaited<ReturnType<typeof household>>;
  const changes: [string, (home: Home) => Promise<unknown>, string[] | null][] = [
    ['a revoked key', ({ agent, keyId }) => hub.agents.deleteKey(agent.id, keyId, ME), null],
    ['a disabled agent', ({ agent }) => hub.agents.update(agent.id, { enabled: false }, ME), null],
    ['a deleted agent', ({ agent }) => hub.agents.delete(agent.id, ME), null],
    ['an unticked tool', ({ agent }) => hub.agents.setTools(agent.id, ['mcp__linear__read'], ME), ['read']],
    [
      'a whole connector',
      ({ agent, connector }) => hub.agents.setAllTools(agent.id, connector.id, true, ME),
      ['read', 'write', 'drop'],
    ],
    ['a deleted connector', ({ connector }) => hub.connectors.delete(connector.id, ME), []],
  ];
  test.each(changes)('%s works at once here and within a second elsewhere', async (_, change, after) => {
    const home = await household();
    for (const each of [hub, other]) expect(await seen(each, home.key)).toEqual(['read', 'write']);
    await change(home);
    expect(await seen(hub, home.key)).toEqual(after);
    clock += SECOND;
    expect(await seen(other, home.key)).toEqual(after);
  });

  test('a change under way is never hidden by a question that was asked before it', async () => {
    const home = await household();
    clock += SECOND;
    const before = hub.access.byKey(home.key);
    await hub.agents.deleteKey(home.agent.id, home.keyId, ME);
    expect(await seen(hub, home.key)).toBeNull();
    await before;
    expect(await seen(hub, home.key)).toBeNull();
  });

  test('tools that another process listed are there within a second', async () => {
    const { agent, connector, key } = await household();
    await hub.agents.setAllTools(agent.id, connector.id, true, ME);
    expect(await seen(other, key)).toEqual(['read', 'write', 'drop']);
    await store.tools.saveSnapshot(connector.id, '', [tool('fresh'), tool('read', 2)], clock);
    clock += SECOND;
    expect(await seen(other, key)).toEqual(['fresh', 'read']);
    const access = await other.access.byKey(key);
    expect(access === null ? null : callableTool(access, 'linear', 'read')?.parsed).toMatchObject({ version: 2 });
  });

  test('a thousand calls at once read once, and a warm call reads nothing', async () => {
    const { key } = await household();
    clock += SECOND;
    queries = [];
    await Promise.all(Array.from({ length: 1_000 }, () => hub.access.byKey(key)));
    expect(queries.toSorted()).toEqual([
      'access.revision',
      'agents.findKey',
      'agents.get',
      'connectors.get',
      'grants.listByAgent',
      'grants.listConnectors',
      'tools.list',
    ]);
    queries = [];
    const [first, again] = [await hub.access.byKey(key), await hub.access.byKey(key)];
    expect(queries).toEqual([]);
    expect(again).toBe(first);
    clock += SECOND;
    await hub.access.byKey(key);
    expect(queries).toEqual(['access.revision']);
  });

  test('agents share what they are granted alike, so that many cost little', async () => {
    const { connector } = await household();
    const agents = await Promise.all(Array.from({ length: 50 }, () => storedAgent(store)));
    const presented = agents.map((_, i) => new Secret(`chla_${i}`));
    for (const [i, { id }] of agents.entries()) {
      const hash = await sha256(`chla_${i}`);
      await store.agents.insertKey(agentKey(id, { hash }));
      await store.grants.replace(id, [{ agentId: id, connectorId: connector.id, toolName: 'read' }]);
    }
    clock += SECOND;
    queries = [];
    const found = await Promise.all(presented.map((key) => hub.access.byKey(key)));
    expect(found.map(may)).toEqual(agents.map(() => ['read']));
    expect(new Set(found.map((access) => access?.connectors.get('linear'))).size).toBe(1);
    expect(queries.filter((query) => query === 'tools.list' || query === 'connectors.get')).toHaveLength(2);
    expect(queries.filter((query) => query === 'agents.findKey')).toHaveLength(50);
  });

  test('the last use of a key is kept coarsely, and written without holding a call up', async () => {
    const { agent, key } = await household();
    const lastUsed = async () => (await store.agents.listKeys(agent.id, { limit: 5 })).items[0]?.lastUsedAt;
    queries = [];
    for (let call = 0; call < 10; call += 1) {
      await hub.access.byKey(key);
      clock += SECOND;
    }
    expect(queries).not.toContain('agents.touchKeys');
    await closing.splice(1, 1)[0]?.();
    expect(queries.filter((query) => query === 'agents.touchKeys')).toHaveLength(1);
    expect(await lastUsed()).toBe(clock);
  });
});

async function sha256(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toString('base64url');
}
