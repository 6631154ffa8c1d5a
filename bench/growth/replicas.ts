// One replica and three on one PostgreSQL, the same calls: where the processor time of a call goes. What replicas
// share is the database alone, so that its part of a call says how far they can grow.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { generateKey } from '../../src/vault/keyring.ts';
import { startPostgres } from '../../test/support/postgres.ts';
import { addAgent, addConnector, type HubChild, startHub } from '../gateway/hub-child.ts';
import { median } from '../machine.ts';
import { runCountedLoad } from '../rig/counted-load.ts';
import { cpuMs, processTree } from '../rig/process-tree.ts';
import { figure, table } from '../table.ts';
import type { GrowthSetting } from './many-agents.ts';

const REPLICAS = 3;

export type ReplicaRow = {
  readonly replicas: number;
  readonly perSecond: number;
  readonly hubMicros: number;
  readonly databaseMicros: number;
  readonly errors: number;
};

type Setting = Pick<
  GrowthSetting,
  'folder' | 'root' | 'built' | 'upstream' | 'inFlight' | 'rounds' | 'seconds' | 'prewarmSeconds'
>;

export async function benchReplicas(setting: Setting): Promise<ReplicaRow[]> {
  const { folder, root, built, upstream, inFlight, rounds, seconds, prewarmSeconds } = setting;
  const postgres = await startPostgres();
  const hubs: HubChild[] = [];
  try {
    const databaseUrl = await postgres.createDatabase();
    const env = { CHATELAINE_ENCRYPTION_KEYS: generateKey() };
    for (let i = 0; i < REPLICAS; i += 1)
      hubs.push(await startHub({ folder, name: `replica-${i}`, root, built, databaseUrl, env }));
    const [first] = hubs as [HubChild];
    const database = await serverPid(databaseUrl);
    const { id, key } = await addConnector(first, {
      name: 'Bench',
      url: `${upstream.origin}/mcp`,
      secret: upstream.token,
      tools: upstream.tools,
    });
    const authorization = `Bearer ${await addAgent(first, [id])}`;
    const call = async (some: readonly HubChild[], forSeconds: number) => {
      const loads = some.map(({ url }) => ({
        ...{ era: 'modern' as const, sizeBytes: 200, tool: 'echo', authorization, url: `${url}/mcp/${key}` },
        ...{ inFlight: Math.max(1, Math.round(inFlight / some.length)), seconds: forSeconds, warmupSeconds: 0 },
      }));
      const pids = { hubs: some.flatMap(({ pid }) => processTree(pid)), database: processTree(database) };
      const before = { hubs: cpuMs(pids.hubs) ?? 0, database: cpuMs(pids.database) ?? 0 };
      // Counted each by itself: the mock server's own count is of all of them.
      const figures = await Promise.all(loads.map((load) => runCountedLoad(upstream.origin, load)));
      const requests = figures.reduce((sum, one) => sum + one.requests, 0);
      return {
        perSecond: figures.reduce((sum, one) => sum + one.perSecond, 0),
        hubMicros: (((cpuMs(pids.hubs) ?? 0) - before.hubs) * 1_000) / requests,
        databaseMicros: (((cpuMs(pids.database) ?? 0) - before.database) * 1_000) / requests,
        errors: figures.reduce((sum, one) => sum + one.errors, 0),
      };
    };
    const settings = [[first], hubs] as const;
    for (const some of settings) await call(some, prewarmSeconds);
    const measured = settings.map((): Awaited<ReturnType<typeof call>>[] => []);
    for (let round = 0; round < rounds; round += 1)
      for (const [i, some] of settings.entries()) measured[i]?.push(await call(some, seconds));
    return settings.map((some, i) => {
      const of = (pick: (one: Awaited<ReturnType<typeof call>>) => number): number =>
        median((measured[i] ?? []).map(pick));
      return {
        replicas: some.length,
        perSecond: of((one) => one.perSecond),
        hubMicros: of((one) => one.hubMicros),
        databaseMicros: of((one) => one.databaseMicros),
        errors: (measured[i] ?? []).reduce((sum, one) => sum + one.errors, 0),
      };
    });
  } finally {
    await Promise.all(hubs.map((hub) => hub.stop()));
    await postgres.stop();
  }
}

/** Of the server itself; its children are the connections. */
async function serverPid(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ data_directory: string }>('show data_directory').finally(() => client.end());
  return Number.parseInt(readFileSync(join(rows[0]?.data_directory ?? '', 'postmaster.pid'), 'utf8'), 10);
}

export function printReplicas(rows: readonly ReplicaRow[]): string {
  const heads = ['replicas', 'calls/s', 'hub CPU µs/call', 'PostgreSQL CPU µs/call', 'its part', 'errors'];
  const lines = rows.map((row) => [
    ...[row.replicas, row.perSecond, row.hubMicros, row.databaseMicros].map((each) => figure(each)),
    `${figure((100 * row.databaseMicros) / (row.hubMicros + row.databaseMicros), 1)} %`,
    figure(row.errors),
  ]);
  return `Replicas on one PostgreSQL, warm calls: what a call costs, and what of it is shared\n\n${table(heads, lines, 0)}`;
}
