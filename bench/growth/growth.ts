// What grows: agents, and tools in one list.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../../test/support/postgres.ts';
import { addAgent, addConnector, startHub } from '../gateway/hub-child.ts';
import { startChild } from '../rig/child.ts';
import { figure, table } from '../table.ts';
import { benchManyAgents, type GrowthRow, type GrowthSetting } from './many-agents.ts';
import type { GrowthOptions } from './options.ts';
import { benchRefresh, printRefresh, type RefreshRow } from './refresh.ts';
import { benchReplicas, printReplicas, type ReplicaRow } from './replicas.ts';
import { benchToolList, type ListRow } from './tool-list.ts';
import { benchWide, type WideFigures } from './wide.ts';
import { printWide } from './wide-table.ts';

const TOKEN = 'upstream-token-of-the-benchmark';
const AGENTS_TOOLS = 45;
const UPSTREAM = fileURLToPath(new URL('../rig/upstream-child.ts', import.meta.url));
const LIST_WARMUP = 100;
/** The same throughput within this part. */
const SAME = 0.1;
const LIST_GOAL_MS = 5;

export type GrowthFigures = {
  readonly agents: readonly { readonly database: string; readonly rows: readonly GrowthRow[] }[];
  readonly toolList: readonly ListRow[];
  readonly wide: readonly { readonly database: string; readonly figures: WideFigures }[];
  readonly refresh: readonly RefreshRow[];
  readonly replicas: readonly ReplicaRow[];
};

/** Tells its progress on standard error. */
export async function benchGrowth(options: GrowthOptions): Promise<GrowthFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-growth-'));
  try {
    const has = (part: string): boolean => options.parts.includes(part);
    const agents: { database: string; rows: GrowthRow[] }[] = [];
    const wide: { database: string; figures: WideFigures }[] = [];
    for (const database of options.databases) {
      if (has('agents')) agents.push({ database, rows: await onDatabase(database, folder, options, benchManyAgents) });
      if (has('wide')) {
        const bench = (setting: GrowthSetting) =>
          benchWide({ ...setting, sizes: options.sizes, requests: options.pages });
        wide.push({ database, figures: await onDatabase(database, folder, options, bench) });
      }
    }
    const refresh: RefreshRow[] = [];
    for (const database of has('refresh') ? options.databases : [])
      refresh.push(
        await onUpstream(folder, (upstream) =>
          benchRefresh({ ...options, folder, upstream, database, tell: tellOf(database) }),
        ),
      );
    const replicas = has('replicas')
      ? await onUpstream(folder, (upstream) => benchReplicas({ ...options, folder, upstream }))
      : [];
    return { agents, wide, refresh, replicas, toolList: has('list') ? await toolLists(folder, options) : [] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function onDatabase<T>(
  database: string,
  folder: string,
  options: GrowthOptions,
  bench: (setting: GrowthSetting) => Promise<T>,
): Promise<T> {
  const postgres = database === 'postgres' ? await startPostgres() : null;
  try {
    return await onUpstream(folder, (upstream) =>
      bench({
        ...options,
        folder,
        upstream,
        newDatabase: postgres === null ? null : () => postgres.createDatabase(),
        tell: tellOf(database),
      }),
    );
  } finally {
    await postgres?.stop();
  }
}

const tellOf = (database: string) => (line: string) => process.stderr.write(`growth, ${database}: ${line}\n`);

async function onUpstream<T>(folder: string, run: (upstream: GrowthSetting['upstream']) => Promise<T>): Promise<T> {
  const upstream = await startUpstream(folder, AGENTS_TOOLS);
  try {
    return await run({ origin: upstream.said.origin, token: TOKEN, tools: AGENTS_TOOLS });
  } finally {
    await upstream.stop();
  }
}

async function toolLists(folder: string, options: GrowthOptions): Promise<ListRow[]> {
  const { listTools: tools, listRequests: requests, root, built } = options;
  const upstream = await startUpstream(folder, tools);
  try {
    const hub = await startHub({ folder, name: 'hub-list', root, built });
    try {
      const url = `${upstream.said.origin}/mcp`;
      const connector = await addConnector(hub, { name: 'Bench', url, secret: TOKEN, tools });
      const authorization = `Bearer ${await addAgent(hub, [connector.id])}`;
      const targets = [
        { name: 'direct', url, authorization: `Bearer ${TOKEN}` },
        { name: '/mcp/{key}', url: `${hub.url}/mcp/${connector.key}`, authorization },
        { name: '/mcp', url: `${hub.url}/mcp`, authorization },
      ];
      const rows: ListRow[] = [];
      for (const era of ['modern', 'legacy'] as const)
        for (const target of targets)
          rows.push(await benchToolList(target, { era, tools, requests, warmup: LIST_WARMUP }));
      return rows;
    } finally {
      await hub.stop();
    }
  } finally {
    await upstream.stop();
  }
}

function startUpstream(folder: string, tools: number) {
  return startChild<{ origin: string }>('upstream', [UPSTREAM, TOKEN, String(tools)], { folder });
}

export function printGrowth({ agents, toolList, wide, refresh, replicas }: GrowthFigures): string {
  const heads = ['agents', 'calls over', 'calls/s', 'p50 ms', 'p99 ms', 'CPU µs/call', '× fewest', 'CPU × fewest'];
  const grown = agents.map(({ database, rows }) => {
    const lines = rows.map((row) => [
      figure(row.agents),
      row.spread === 'cold' ? `first calls of ${figure(row.spreadOver)}` : `${figure(row.spreadOver)} seen before`,
      figure(row.perSecond),
      figure(row.p50Ms, 2),
      figure(row.p99Ms, 2),
      figure(row.cpuMicros),
      figure(row.timesFewest, 3),
      figure(row.cpuTimesFewest, 3),
      figure(row.rssMiB),
      figure(row.errors),
      row.timesFewest === null || row === rows.find((each) => each.timesFewest !== null)
        ? ''
        : verdict(row.timesFewest >= 1 - SAME),
    ]);
    const title = `Growth of agents, ${database}: calls spread over them, the same throughput within 10 %`;
    return `${title}\n\n${table([...heads, 'MiB', 'errors', ''], lines, 2)}`;
  });
  const lists = toolList.map((row) => [
    row.target,
    row.era,
    figure(row.p50Ms, 2),
    figure(row.p99Ms, 2),
    figure(row.kilobytes),
    row.target === 'direct' || row.p50Ms === null ? '' : verdict(row.p50Ms < LIST_GOAL_MS),
  ]);
  const listed = `tools/list of a thousand tools, one at a time: p50 below ${LIST_GOAL_MS} ms\n\n${table(['target', 'era', 'p50 ms', 'p99 ms', 'kB', ''], lists, 2)}`;
  return [
    ...grown,
    ...(toolList.length > 0 ? [listed] : []),
    ...wide.map(printWide),
    ...(refresh.length > 0 ? [printRefresh(refresh)] : []),
    ...(replicas.length > 0 ? [printReplicas(replicas)] : []),
  ].join('\n\n');
}

function verdict(met: boolean): string {
  return met ? 'met' : 'missed';
}
