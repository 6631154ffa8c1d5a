// Ten thousand credentials that end in the same minute: a token server that counts, one hub on SQLite or three on
// PostgreSQL, and calls that go on meanwhile.

import { join } from 'node:path';
import { openStore, type StoreLocation } from '../../src/store/open-store.ts';
import { generateKey, parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';
import { fleetRows, startTokenServer, storeFleetConnector } from '../../test/support/fleet.ts';
import { startPostgres } from '../../test/support/postgres.ts';
import { addAgent, addConnector, type HubChild, startHub } from '../gateway/hub-child.ts';
import { runCountedLoad } from '../rig/counted-load.ts';
import { figure, table } from '../table.ts';
import { postgresWriter, sqliteWriter } from './agents.ts';
import type { GrowthSetting } from './many-agents.ts';

const BATCH = 1_000;
/** The background begins seven minutes before, a call five minutes before. */
const ENDS_IN_MS = 7 * 60_000;
const LOOK_EVERY_MS = 500;
const ROUND_MS = 25_000;

export type RefreshRow = {
  readonly database: string;
  readonly hubs: number;
  readonly credentials: number;
  readonly renewed: number;
  readonly presentedTwice: number;
  readonly inFlightMost: number;
  /** After the first request. */
  readonly seconds: number;
  /** Seconds that were left when the last one was renewed. */
  readonly leftSeconds: number;
  readonly calls: number;
  readonly callP50Ms: number | null;
  readonly callP99Ms: number | null;
  readonly callErrors: number;
};

export type RefreshSetting = Pick<GrowthSetting, 'folder' | 'root' | 'built' | 'upstream' | 'tell'> & {
  readonly database: string;
  readonly fleet: number;
  readonly answerAfterMs: number;
};

export async function benchRefresh(setting: RefreshSetting): Promise<RefreshRow> {
  const { folder, root, built, upstream, database, fleet, answerAfterMs } = setting;
  const postgres = database === 'postgres' ? await startPostgres() : null;
  const databaseUrl = postgres === null ? null : await postgres.createDatabase();
  const tokens = await startTokenServer(answerAfterMs);
  const count = postgres === null ? 1 : 3;
  const keys = generateKey();
  const hubs: HubChild[] = [];
  const open = (i: number) =>
    startHub({
      folder,
      name: `fleet-${database}-${i}`,
      root,
      built,
      databaseUrl,
      env: { CHATELAINE_ENCRYPTION_KEYS: keys },
    });
  try {
    hubs.push(await open(0));
    const [first] = hubs as [HubChild];
    const file = join(folder, `fleet-${database}-0-data`, 'chatelaine.db');
    const called = await addConnector(first, {
      name: 'Bench',
      url: `${upstream.origin}/mcp`,
      secret: upstream.token,
      tools: upstream.tools,
    });
    const authorization = `Bearer ${await addAgent(first, [called.id])}`;
    const location: StoreLocation =
      databaseUrl === null ? { kind: 'sqlite', file } : { kind: 'postgres', url: databaseUrl };
    const expiresAt = Date.now() + ENDS_IN_MS + ROUND_MS;
    await writeFleet(location, keys, {
      name: 'fleet',
      count: fleet,
      expiresAt,
      issuer: tokens.issuer,
      url: `${upstream.origin}/mcp`,
    });
    for (let i = 1; i < count; i += 1) hubs.push(await open(i));
    setting.tell(`${fleet} credentials written, ${count} hubs up`);
    const load = runCountedLoad(upstream.origin, {
      ...{ era: 'modern' as const, sizeBytes: 200, tool: 'echo', authorization, inFlight: 2 },
      ...{ url: `${first.url}/mcp/${called.key}`, seconds: ROUND_MS / 1_000, warmupSeconds: 1 },
    });
    let beganAt = 0;
    while (tokens.presented.size < fleet && Date.now() < expiresAt) {
      if (beganAt === 0 && tokens.presented.size > 0) beganAt = Date.now();
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    const figures = await load;
    return {
      ...{ database, hubs: count, credentials: fleet, renewed: tokens.presented.size },
      presentedTwice: [...tokens.presented.values()].filter((times) => times > 1).length,
      inFlightMost: tokens.most(),
      seconds: (tokens.lastAt() - beganAt) / 1_000,
      leftSeconds: (expiresAt - tokens.lastAt()) / 1_000,
      calls: figures.requests,
      callP50Ms: figures.p50Ms,
      callP99Ms: figures.p99Ms,
      callErrors: figures.errors,
    };
  } finally {
    await Promise.all(hubs.map((hub) => hub.stop()));
    await tokens.close();
    await postgres?.stop();
  }
}

async function writeFleet(
  location: StoreLocation,
  keys: string,
  fleet: Parameters<typeof fleetRows>[1],
): Promise<void> {
  const store = await openStore(location);
  const { id } = await storeFleetConnector(store, fleet);
  await store.close();
  const writer = location.kind === 'sqlite' ? sqliteWriter(location.file) : await postgresWriter(location.url);
  const agents: (string | number)[][] = [];
  const credentials: (string | number)[][] = [];
  const flush = async (): Promise<void> => {
    await writer.insert('agents', ['id', 'name', 'enabled', 'created_at', 'updated_at'], agents.splice(0));
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
        'issuer',
        'registration_kind',
      ].concat(['expires_at', 'refreshable', 'state', 'state_at', 'set_at', 'refresh_failures']),
      credentials.splice(0),
    );
  };
  for await (const { agentId, credential } of fleetRows(createVault(parseKeyring(keys)), fleet)) {
    const { sealed, issuer, expiresAt, stateAt, setAt } = credential;
    agents.push([agentId, agentId, 1, setAt, setAt]);
    credentials.push([credential.id, id, agentId, agentId, 'active', 'oauth', sealed, 1, issuer ?? '', 'dynamic']);
    credentials.at(-1)?.push(expiresAt ?? 0, 1, 'ok', stateAt, setAt, 0);
    if (agents.length === BATCH) await flush();
  }
  if (agents.length > 0) await flush();
  await writer.raiseAccess();
  await writer.close();
}

export function printRefresh(rows: readonly RefreshRow[]): string {
  const heads = [
    'database',
    'hubs',
    'credentials',
    'renewed',
    'twice',
    'most in flight',
    's',
    's left',
    'calls',
    'p50 ms',
    'p99 ms',
    'errors',
    '',
  ];
  const lines = rows.map((row) => [
    row.database,
    ...[row.hubs, row.credentials, row.renewed, row.presentedTwice, row.inFlightMost].map((each) => figure(each)),
    figure(row.seconds, 1),
    figure(row.leftSeconds, 1),
    figure(row.calls),
    figure(row.callP50Ms, 2),
    figure(row.callP99Ms, 2),
    figure(row.callErrors),
    row.renewed === row.credentials && row.presentedTwice === 0 && row.inFlightMost <= 8 && row.callErrors === 0
      ? 'met'
      : 'missed',
  ]);
  return `Credentials that end in the same minute: all renewed in time, none twice, at most 8 in flight; calls meanwhile\n\n${table(heads, lines)}`;
}
