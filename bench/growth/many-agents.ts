// Whether calls get slower with more agents: a hub for each number of them, all up at once, calls spread over
// the agents. First every agent's first call, which finds nothing in memory; then, in interleaved rounds, calls
// spread over all agents seen, and over a hot set of them.

import { join } from 'node:path';
import { addConnector, type HubChild, startHub } from '../gateway/hub-child.ts';
import { median } from '../machine.ts';
import { runCountedLoad } from '../rig/counted-load.ts';
import { type LoadOptions, runLoad } from '../rig/load.ts';
import { cpuMs, processTree, rssMiB } from '../rig/process-tree.ts';
import type { LoadFigures } from '../rig/recorder.ts';
import { upstreamTools } from '../rig/upstream-tools.ts';
import { fillAgents, postgresWriter, sqliteWriter } from './agents.ts';

const HOT_AGENTS = 1_000;
const COLD_SECONDS_MAX = 120;
const SIZE_BYTES = 200;
const WARMUP_SECONDS = 0.3;

export type GrowthRow = {
  readonly agents: number;
  /** Over how many agents the calls were spread; `cold` is each agent's first call. */
  readonly spread: 'cold' | 'all' | 'hot';
  readonly spreadOver: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: number | null;
  /** To the fewest agents, within the rounds; null where that is no comparison. */
  readonly timesFewest: number | null;
  readonly cpuTimesFewest: number | null;
  readonly rssMiB: number | null;
  readonly errors: number;
};

export type GrowthSetting = {
  readonly folder: string;
  readonly root: string | null;
  readonly built: boolean;
  readonly upstream: { readonly origin: string; readonly token: string; readonly tools: number };
  readonly numbers: readonly number[];
  readonly inFlight: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly prewarmSeconds: number;
  /** At most so many agents make a first call, and are the ones seen. */
  readonly coldMax: number;
  /** A fresh database; null for SQLite. */
  readonly newDatabase: (() => Promise<string>) | null;
  readonly tell: (line: string) => void;
};

type House = { readonly hub: HubChild; readonly url: string; readonly bearers: readonly string[] };
type Spread = { readonly house: House; readonly spread: 'all' | 'hot'; readonly over: number };
type Timed = LoadFigures & { readonly cpuMicros: number | null };

export async function benchManyAgents(setting: GrowthSetting): Promise<GrowthRow[]> {
  const houses: House[] = [];
  try {
    for (const count of setting.numbers) houses.push(await openHouse(setting, count));
    const shared = { era: 'modern' as const, sizeBytes: SIZE_BYTES, tool: 'echo', inFlight: setting.inFlight };
    for (const { url, bearers } of setting.prewarmSeconds > 0 ? houses : []) {
      const [authorization = ''] = bearers;
      await runLoad({ ...shared, url, authorization, seconds: setting.prewarmSeconds, warmupSeconds: 0 });
    }
    const rows: GrowthRow[] = [];
    const spreads: Spread[] = [];
    for (const house of houses) {
      // The first one was called already.
      let seen = 1;
      const authorization = (): string => house.bearers[seen++] ?? '';
      const callsMax = Math.min(setting.coldMax, house.bearers.length) - 1;
      const times = { seconds: COLD_SECONDS_MAX, warmupSeconds: 0, callsMax };
      const figures = await timed(setting.upstream.origin, house, {
        ...shared,
        ...times,
        url: house.url,
        authorization,
      });
      setting.tell(
        `${house.bearers.length} agents: ${figures.requests} first calls in ${figures.seconds.toFixed(1)} s`,
      );
      rows.push(rowOf({ house, spread: 'cold', over: figures.requests }, [figures], null));
      spreads.push({ house, spread: 'all', over: seen });
      if (seen > HOT_AGENTS) spreads.push({ house, spread: 'hot', over: HOT_AGENTS });
    }
    const rounds = spreads.map((): Timed[] => []);
    for (let round = 0; round < setting.rounds; round += 1) {
      for (let turn = 0; turn < spreads.length; turn += 1) {
        const index = (turn + round) % spreads.length;
        const { house, over } = spreads[index] as Spread;
        const authorization = (): string => house.bearers[Math.floor(Math.random() * over)] ?? '';
        const times = { seconds: setting.seconds, warmupSeconds: WARMUP_SECONDS };
        rounds[index]?.push(
          await timed(setting.upstream.origin, house, { ...shared, ...times, url: house.url, authorization }),
        );
      }
    }
    spreads.forEach((spread, i) => {
      rows.push(rowOf(spread, rounds[i] ?? [], rounds[0] ?? []));
    });
    return rows;
  } finally {
    await Promise.all(houses.map(({ hub }) => hub.stop()));
  }
}

async function openHouse(setting: GrowthSetting, count: number): Promise<House> {
  const { folder, root, built, upstream, newDatabase } = setting;
  const databaseUrl = newDatabase === null ? null : await newDatabase();
  const name = `hub-${databaseUrl === null ? 'sqlite' : 'postgres'}-${count}`;
  const hub = await startHub({ folder, name, root, built, databaseUrl });
  try {
    const { origin, token, tools } = upstream;
    const connector = await addConnector(hub, { name: 'Bench', url: `${origin}/mcp`, secret: token, tools });
    const [common = '', ...others] = upstreamTools(tools).map((tool) => tool.name);
    const writer =
      databaseUrl === null
        ? sqliteWriter(join(folder, `${name}-data`, 'chatelaine.db'))
        : await postgresWriter(databaseUrl);
    const began = performance.now();
    const keys = await fillAgents(writer, { count, connectorId: connector.id, common, others });
    setting.tell(`${count} agents written in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    return { hub, url: `${hub.url}/mcp/${connector.key}`, bearers: keys.map((key) => `Bearer ${key}`) };
  } catch (error) {
    await hub.stop();
    throw error;
  }
}

async function timed(origin: string, { hub }: House, options: LoadOptions): Promise<Timed> {
  const pids = processTree(hub.pid);
  let before: number | null = null;
  let after: number | null = null;
  const figures = await runCountedLoad(origin, {
    ...options,
    onBegin: () => {
      before = cpuMs(pids);
    },
    onEnd: () => {
      after = cpuMs(pids);
    },
  });
  const used = before === null || after === null ? null : after - before;
  return { ...figures, cpuMicros: used === null ? null : (used * 1_000) / Math.max(1, figures.requests) };
}

function rowOf(
  { house, spread, over }: { readonly house: House; readonly spread: GrowthRow['spread']; readonly over: number },
  rounds: readonly Timed[],
  fewest: readonly Timed[] | null,
): GrowthRow {
  const middle = (of: (round: Timed) => number): number => median(rounds.map(of));
  const times = (of: (round: Timed) => number | null): number | null => {
    const ratios = rounds.flatMap((round, i) => {
      const beside = fewest?.[i];
      const [above, below] = [of(round), beside === undefined ? null : of(beside)];
      return above === null || !below ? [] : [above / below];
    });
    return ratios.length === 0 ? null : median(ratios);
  };
  const cpus = rounds.flatMap(({ cpuMicros }) => (cpuMicros === null ? [] : [cpuMicros]));
  return {
    agents: house.bearers.length,
    spread,
    spreadOver: over,
    perSecond: middle((round) => round.perSecond),
    p50Ms: middle((round) => round.p50Ms ?? Number.NaN),
    p99Ms: middle((round) => round.p99Ms ?? Number.NaN),
    cpuMicros: cpus.length === 0 ? null : median(cpus),
    timesFewest: times((round) => round.perSecond),
    cpuTimesFewest: times((round) => round.cpuMicros),
    rssMiB: rssMiB(processTree(house.hub.pid)),
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
  };
}
