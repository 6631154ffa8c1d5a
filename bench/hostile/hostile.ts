// A thousand hostile servers are listed, all of them together, while agents call a good one: what the calls and the
// memory of the hub feel of it. Quiet and hostile times alternate, and are held against each other.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addAgent, addConnector, type HubChild, startHub } from '../gateway/hub-child.ts';
import { startChild } from '../rig/child.ts';
import { runLoad } from '../rig/load.ts';
import { processTree, rssMiB } from '../rig/process-tree.ts';
import { figure, table } from '../table.ts';
import type { HostileOptions } from './options.ts';

const TOKEN = 'upstream-token-of-the-benchmark';
const TOOLS = 45;
const UPSTREAM = fileURLToPath(new URL('../rig/upstream-child.ts', import.meta.url));
const HOSTILE = fileURLToPath(new URL('hostile-child.ts', import.meta.url));
const ADDED_AT_ONCE = 16;
const LATENCY_GOAL = 1.5;
const MEMORY_GOAL_MIB = 200;
const SAMPLE_MS = 100;

type Row = {
  readonly when: string;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly perSecond: number | null;
  readonly errors: number;
};

export type HostileFigures = {
  readonly servers: number;
  readonly ways: readonly string[];
  readonly rows: readonly Row[];
  /** Median of the hostile rounds over that of the quiet ones. */
  readonly timesP50: number | null;
  readonly timesP99: number | null;
  /** Before, at the most, and when all was over. */
  readonly rssMiB: { readonly before: number | null; readonly most: number | null; readonly after: number | null };
  readonly syncSeconds: number;
};

/** Tells its progress on standard error. */
export async function benchHostile(options: HostileOptions): Promise<HostileFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-hostile-'));
  const tell = (line: string): void => void process.stderr.write(`hostile: ${line}\n`);
  const good = await startChild<{ origin: string }>('upstream', [UPSTREAM, TOKEN, String(TOOLS)], { folder });
  const evil = await startChild<{ control: string; urls: string[]; ways: string[] }>(
    'hostile',
    [HOSTILE, String(options.servers)],
    { folder },
  );
  const hub = await startHub({ folder });
  try {
    const url = `${good.said.origin}/mcp`;
    const connector = await addConnector(hub, { name: 'Bench', url, secret: TOKEN, tools: TOOLS });
    const authorization = `Bearer ${await addAgent(hub, [connector.id])}`;
    tell(`adding ${options.servers} servers`);
    const ids = await addAll(hub, evil.said.urls);
    const load = async (when: string): Promise<Row> => {
      const { p50Ms, p99Ms, perSecond, errors } = await runLoad({
        url: `${hub.url}/mcp/${connector.key}`,
        era: 'modern',
        sizeBytes: 1_000,
        tool: 'echo',
        authorization,
        inFlight: options.inFlight,
        seconds: options.seconds,
        warmupSeconds: 0.5,
      });
      return { when, p50Ms, p99Ms, perSecond, errors };
    };
    const pids = processTree(hub.pid);
    await load('warm-up');
    const before = rssMiB(pids);
    let most = before ?? 0;
    const watch = setInterval(() => {
      most = Math.max(most, rssMiB(pids) ?? 0);
    }, SAMPLE_MS);
    await fetch(evil.said.control, { method: 'POST' });

    const rows: Row[] = [];
    let syncMs = 0;
    for (let round = 0; round < options.rounds; round += 1) {
      rows.push(await load('quiet'));
      tell(`round ${round + 1}: ${ids.length} servers are listed at once`);
      const startedAt = performance.now();
      let isOver = false;
      const listed = Promise.all(ids.map((id) => hub.api('POST', `/api/connectors/${id}/sync`, {}).catch(() => null)));
      void listed.then(() => {
        isOver = true;
        syncMs += performance.now() - startedAt;
      });
      do rows.push(await load('hostile'));
      while (!isOver);
      await listed;
    }
    clearInterval(watch);
    const after = rssMiB(pids);
    return {
      servers: ids.length,
      ways: evil.said.ways,
      rows,
      timesP50: times(rows, 'p50Ms'),
      timesP99: times(rows, 'p99Ms'),
      rssMiB: { before, most, after },
      syncSeconds: syncMs / 1_000 / options.rounds,
    };
  } finally {
    await Promise.all([hub.stop(), evil.stop(), good.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}

async function addAll(hub: HubChild, urls: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  const waiting = urls.map((url, i) => ({ url, name: `Hostile ${i}` }));
  await Promise.all(
    Array.from({ length: ADDED_AT_ONCE }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
        ids.push((await hub.api<{ id: string }>('POST', '/api/connectors', { ...next, authType: 'none' })).id);
    }),
  );
  return ids;
}

function times(rows: readonly Row[], what: 'p50Ms' | 'p99Ms'): number | null {
  const median = (when: string): number | null => {
    const values = rows.filter((row) => row.when === when).flatMap((row) => row[what] ?? []);
    return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
  };
  const [quiet, hostile] = [median('quiet'), median('hostile')];
  return quiet === null || hostile === null ? null : hostile / quiet;
}

export function printHostile({ servers, rows, timesP50, timesP99, rssMiB: rss, syncSeconds }: HostileFigures): string {
  const lines = rows.map((row) => [
    row.when,
    figure(row.p50Ms, 2),
    figure(row.p99Ms, 2),
    figure(row.perSecond),
    figure(row.errors),
  ]);
  const grown = rss.before === null || rss.most === null ? null : rss.most - rss.before;
  const verdict = (met: boolean | null): string => (met === null ? '' : met ? ' (met)' : ' (missed)');
  return [
    `${servers} hostile servers are listed at once, beside calls to a good one\n`,
    table(['when', 'p50 ms', 'p99 ms', 'calls/s', 'errors'], lines),
    '',
    `p50 ${figure(timesP50, 2)} × quiet, goal ${LATENCY_GOAL}${verdict(timesP50 === null ? null : timesP50 <= LATENCY_GOAL)}; p99 ${figure(timesP99, 2)} ×`,
    `memory ${figure(grown)} MiB above ${figure(rss.before)} at the most, goal ${MEMORY_GOAL_MIB}${verdict(grown === null ? null : grown <= MEMORY_GOAL_MIB)}; ${figure(rss.after)} MiB afterwards`,
    `all of them listed in ${figure(syncSeconds)} s`,
  ].join('\n');
}
