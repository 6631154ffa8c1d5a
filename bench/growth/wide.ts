// Whether a hub gets slower with everything it holds: agents, connectors and credentials together. A hub for each
// size is up at once; warm calls go to them in interleaved rounds, then each list, page and due-work query is asked
// alone, one after the other.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'undici';
import { sealStatic } from '../../src/hub/sealed-values.ts';
import { Secret } from '../../src/secret.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';
import { addConnector, type HubChild, startHub } from '../gateway/hub-child.ts';
import { median } from '../machine.ts';
import { runCountedLoad } from '../rig/counted-load.ts';
import { cpuMs, processTree, rssMiB } from '../rig/process-tree.ts';
import type { LoadFigures } from '../rig/recorder.ts';
import { postgresWriter, sqliteWriter } from './agents.ts';
import { agentIdOf, connectorIdOf, fillWide, keyOf, type Size } from './fill.ts';
import type { GrowthSetting } from './many-agents.ts';

/** Agents with a real credential of their own at the connector that is called. */
const CALLED_AGENTS = 2_000;
/** As many at each size: more agents at work cost more whatever lies in the database, which the part `agents` measures. */
const WARM_AGENTS = 10;
const TOOL = 'echo';

export type WideCalls = {
  readonly size: Size;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly cpuMicros: number;
  /** To the smallest size, the median of the rounds' ratios. */
  readonly timesSmallest: number;
  readonly cpuTimesSmallest: number;
  readonly coldP50Ms: number | null;
  readonly coldP95Ms: number | null;
  readonly rssMiB: number | null;
  readonly errors: number;
};
export type WideRow = { readonly what: string; readonly p95Ms: readonly number[] };
export type WideFigures = { readonly calls: readonly WideCalls[]; readonly rows: readonly WideRow[] };

export type WideSetting = GrowthSetting & { readonly sizes: readonly Size[]; readonly requests: number };

type House = {
  readonly size: Size;
  readonly hub: HubChild;
  readonly url: string;
  readonly store: Store;
  readonly middleCall: string;
};

export async function benchWide(setting: WideSetting): Promise<WideFigures> {
  const houses: House[] = [];
  try {
    for (const size of setting.sizes) houses.push(await openHouse(setting, size));
    const calls = await measureCalls(setting, houses);
    const rows = new Map<string, number[]>();
    for (const house of houses) {
      for (const [what, ask] of Object.entries({ ...requestsOf(house), ...statementsOf(house) }))
        rows.set(what, [...(rows.get(what) ?? []), await p95Of(ask, setting.requests)]);
      setting.tell(`${house.size.credentials} credentials: pages asked`);
    }
    return { calls, rows: [...rows].map(([what, p95Ms]) => ({ what, p95Ms })) };
  } finally {
    for (const { hub, store } of houses) {
      await store.close();
      await hub.stop();
    }
  }
}

async function openHouse(setting: WideSetting, size: Size): Promise<House> {
  const { folder, root, built, upstream, newDatabase } = setting;
  const databaseUrl = newDatabase === null ? null : await newDatabase();
  const name = `wide-${databaseUrl === null ? 'sqlite' : 'postgres'}-${size.credentials}`;
  const hub = await startHub({ folder, name, root, built, databaseUrl });
  const file = join(folder, `${name}-data`, 'chatelaine.db');
  const { origin, token, tools } = upstream;
  const like = await addConnector(hub, { name: 'Bench', url: `${origin}/mcp`, secret: token, tools });
  await hub.api('PATCH', `/api/connectors/${like.id}`, { credentialMode: 'per_agent' });
  const writer = databaseUrl === null ? sqliteWriter(file) : await postgresWriter(databaseUrl);
  const began = performance.now();
  let middleCall = '';
  const key = await readFile(join(folder, `${name}-data`, 'encryption.key'), 'utf8');
  const vault = createVault(parseKeyring(key.trim()));
  try {
    middleCall = await fillWide(writer, size, like.id);
    const called = Array.from({ length: Math.min(size.agents, CALLED_AGENTS) }, (_, n) => n);
    const sealed = await Promise.all(called.map((n) => sealStatic(vault, new Secret(token), `crd_called${n}`)));
    const now = Date.now();
    await writer.insert(
      'credentials',
      [
        'id',
        'connector_id',
        'agent_id',
        'owner',
        'slot',
        'kind',
        'sealed',
        'generation',
        'refreshable',
        'state',
        'state_at',
        'set_at',
        'refresh_failures',
      ],
      called.map((n) => [
        `crd_called${n}`,
        like.id,
        agentIdOf(n),
        agentIdOf(n),
        'active',
        'static',
        sealed[n] ?? '',
        1,
        0,
        'ok',
        now,
        now,
        0,
      ]),
    );
    await writer.raiseAccess();
  } finally {
    await writer.close();
  }
  setting.tell(`${size.credentials} credentials written in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  const store = await openStore(
    databaseUrl === null ? { kind: 'sqlite', file } : { kind: 'postgres', url: databaseUrl },
  );
  return { size, hub, store, url: `${hub.url}/mcp/${like.key}`, middleCall };
}

async function measureCalls(setting: WideSetting, houses: readonly House[]): Promise<WideCalls[]> {
  const shared = { era: 'modern' as const, sizeBytes: 200, tool: TOOL };
  const { origin } = setting.upstream;
  const cold: LoadFigures[] = [];
  for (const { url, size } of houses) {
    let seen = 0;
    const authorization = (): string => `Bearer ${keyOf(seen++)}`;
    const callsMax = Math.min(size.agents, CALLED_AGENTS);
    cold.push(
      await runCountedLoad(origin, {
        ...shared,
        url,
        authorization,
        inFlight: 1,
        callsMax,
        seconds: 120,
        warmupSeconds: 0,
      }),
    );
  }
  type Round = LoadFigures & { readonly cpuMicros: number };
  const rounds: Round[][] = houses.map(() => []);
  for (let round = -1; round < setting.rounds; round += 1) {
    for (let turn = 0; turn < houses.length; turn += 1) {
      const at = (turn + Math.max(round, 0)) % houses.length;
      const { url, size, hub } = houses[at] as House;
      const warm = Math.min(size.agents, WARM_AGENTS);
      const authorization = (): string => `Bearer ${keyOf(Math.floor(Math.random() * warm))}`;
      const pids = processTree(hub.pid);
      let used = 0;
      const figures = await runCountedLoad(origin, {
        ...{ ...shared, url, authorization, inFlight: setting.inFlight },
        ...{ seconds: round < 0 ? setting.prewarmSeconds : setting.seconds, warmupSeconds: 0.3 },
        onBegin: () => {
          used -= cpuMs(pids) ?? 0;
        },
        onEnd: () => {
          used += cpuMs(pids) ?? 0;
        },
      });
      if (round >= 0) rounds[at]?.push({ ...figures, cpuMicros: (used * 1_000) / Math.max(1, figures.requests) });
    }
  }
  const times = (at: number, of: (round: Round) => number): number =>
    median((rounds[at] ?? []).map((one, i) => of(one) / of(rounds[0]?.[i] ?? one)));
  return houses.map(({ size, hub }, at) => ({
    size,
    perSecond: median((rounds[at] ?? []).map((one) => one.perSecond)),
    p50Ms: median((rounds[at] ?? []).map((one) => one.p50Ms ?? Number.NaN)),
    cpuMicros: median((rounds[at] ?? []).map((one) => one.cpuMicros)),
    timesSmallest: times(at, (one) => one.perSecond),
    cpuTimesSmallest: times(at, (one) => one.cpuMicros),
    coldP50Ms: cold[at]?.p50Ms ?? null,
    coldP95Ms: cold[at]?.p95Ms ?? null,
    rssMiB: rssMiB(processTree(hub.pid)),
    errors: [...(rounds[at] ?? []), ...(cold[at] === undefined ? [] : [cold[at]])].reduce(
      (sum, one) => sum + one.errors,
      0,
    ),
  }));
}

type Ask = () => Promise<unknown>;

/** Over HTTP, with a token, on one connection. */
function requestsOf({ hub, size, middleCall }: House): Record<string, Ask> {
  const pool = new Pool(hub.url, { connections: 1 });
  const get =
    (path: string): Ask =>
    async () => {
      const answer = await pool.request({ method: 'GET', path, headers: { authorization: hub.authorization } });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`GET ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
    };
  const [agent, connector] = [agentIdOf(size.agents >> 1), connectorIdOf((size.connectors >> 1) & ~3)];
  const lists = {
    'connectors, first page': '/api/connectors?limit=50',
    'connectors, deep': `/api/connectors?limit=50&cursor=${connector}`,
    'connectors with state, first page': '/api/connectors/summary?limit=50',
    'connectors with state, deep': `/api/connectors/summary?limit=50&cursor=${connector}`,
    'connectors, searched': `/api/connectors/summary?limit=50&search=${String(size.connectors - 1).padStart(8, '0')}`,
    'agents, first page': '/api/agents?limit=50',
    'agents with state, first page': '/api/agents/summary?limit=50',
    'agents with state, deep': `/api/agents/summary?limit=50&cursor=${agent}`,
    'agents, searched': `/api/agents/summary?limit=50&search=${String(size.agents - 1).padStart(8, '0')}`,
    'credentials of a connector, first page': `/api/connectors/${connector}/agents?limit=50`,
    'credentials of a connector, deep': `/api/connectors/${connector}/agents?limit=50&cursor=${agent}`,
    'calls, first page': '/api/calls?limit=50',
    'calls, deep': `/api/calls?limit=50&cursor=${middleCall}`,
    'calls of an agent': `/api/calls?limit=50&agentId=${agent}`,
    'calls that failed': '/api/calls?limit=50&outcome=error',
    'audit, first page': '/api/audit?limit=50',
    'audit, deep': `/api/audit?limit=50&cursor=${middleCall.replace('cal', 'aud')}`,
    'audit of an action': '/api/audit?limit=50&action=connector.changed',
    'agent page': `/api/agents/${agent}`,
    'agent page, its connectors': `/api/agents/${agent}/connectors?limit=50`,
    'connector page': `/api/connectors/${connector}`,
    'connector page, its row': `/api/connectors/${connector}/summary`,
    'health forecast': '/api/health/forecast',
    metrics: '/metrics',
  };
  return Object.fromEntries(Object.entries(lists).map(([what, path]) => [what, get(path)]));
}

/** What every replica asks the database every 20 s. */
function statementsOf({ store }: House): Record<string, Ask> {
  const week = 7 * 24 * 3_600_000;
  return {
    'due: tokens to renew': () => store.credentials.dueForRefresh(Date.now(), Date.now() + 7 * 60_000, 200),
    'due: tools to list': () => store.connectors.dueForSync(Date.now(), 100),
    'due: retention of the audit log': () => store.audit.deleteBefore(Date.now() - 52 * week),
    'due: retention of calls': () => store.calls.deleteBefore('cal_', Date.now() - 52 * week),
    'due: flows, leases, attempts': async () => {
      await store.flows.deleteExpired(Date.now());
      await store.leases.deleteExpired(Date.now());
      await store.attempts.deleteExpired(Date.now());
    },
  };
}

async function p95Of(ask: Ask, requests: number): Promise<number> {
  const times: number[] = [];
  for (let i = -10; i < requests; i += 1) {
    const began = performance.now();
    await ask();
    if (i >= 0) times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(times.length * 0.95))] ?? Number.NaN;
}
