// What the suite turns on: replicas, their database, the stand-in providers, agents at work.

import { createRandom, type Random } from '../soak/random.ts';
import { type World as LoadWorld, makeWorld as makeLoadWorld } from '../soak/world.ts';
import { generateKey } from '../src/vault/keyring.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { makeNetwork, type Network } from './network.ts';
import { makePostgres, type Postgres } from './postgres.ts';
import { type Heard, type Provider, startProviders } from './providers.ts';
import { startWire } from './proxy.ts';
import { ADMIN_TOKEN, freePort, makeReplica, type Replica } from './replica.ts';

const REPLICAS = 3;
/** The hub refreshes five minutes before the end: each of these is refreshed after some seconds. */
const TOKEN_SECONDS = 302;

type Api = <T = { id: string }>(method: string, path: string, body?: unknown) => Promise<T>;

/** What a fault may take with it by its nature. */
export type Excuse = {
  /** The provider ended what this connector had: a person must connect it again. */
  ended(connectorId: string): void;
  /**
   * A replica that refreshed was killed, or lost its answer, some time since `from`: what the database says began and
   * has no outcome is excused. To be called while the database answers.
   */
  interrupted(from: number): Promise<void>;
};

export type Excused = {
  /** Connectors whose authorization was ended. */
  readonly connectors: Set<string>;
  /** Credentials whose refresh was interrupted, as `{connector id} {agent id or nothing}`. */
  readonly credentials: Set<string>;
  readonly interruptions: { readonly from: number; readonly to: number }[];
};

export type World = {
  /** Where browsers and agents reach any replica. */
  readonly url: string;
  readonly replicas: readonly Replica[];
  readonly postgres: Postgres;
  readonly network: Network;
  /** Stand-ins of real providers, with their switches and short-lived tokens that rotate. */
  readonly providers: readonly Provider[];
  /** The servers, agents and facts of the soak. */
  readonly load: LoadWorld;
  readonly ledger: Ledger;
  readonly heard: Heard;
  readonly random: Random;
  readonly keys: { readonly present: string; readonly other: string };
  readonly excuse: Excuse;
  readonly excused: Excused;
  /** The API at any replica. */
  readonly api: Api;
  apiOf(replica: Replica): Api;
  /** One replica, and no other, with the public name of all. */
  doorOf(replica: Replica): string;
  /** Done at the end of the run. */
  onRemove(work: () => Promise<unknown>): void;
  /** Goes into the report. */
  note(line: string): void;
  readonly notes: readonly string[];
  remove(): Promise<void>;
};

export type WorldOptions = {
  readonly seed: number;
  readonly agents: number;
  /** Network and mount namespaces of its own: needs root. */
  readonly withNamespaces: boolean;
  /** Added to the environment of each replica. */
  readonly env?: Readonly<Record<string, string>>;
};

export async function makeWorld(options: WorldOptions): Promise<World> {
  const closers: (() => Promise<unknown>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close().catch((error: unknown) => console.error(error));
  };
  try {
    return await make(options, closers, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function make(
  { seed, agents, withNamespaces, env = {} }: WorldOptions,
  closers: (() => Promise<unknown>)[],
  closeAll: () => Promise<void>,
): Promise<World> {
  const network = await makeNetwork(REPLICAS, withNamespaces);
  closers.push(network.remove);
  const postgres = await makePostgres(await freePort(), { ownDisk: withNamespaces });
  closers.push(postgres.remove);
  const balancer: Balancer = await startBalancer('127.0.0.1');
  closers.push(balancer.close);
  const [first, second] = [generateKey(), generateKey()];
  const keys = { present: `${first},${second}`, other: `${second},${first}` };
  const replicas: Replica[] = [];
  const doors = new Map<Replica, string>();
  for (const [index, own] of network.replicas.entries()) {
    const wire = await startWire(own.gateway, { host: '127.0.0.1', port: postgres.port });
    closers.push(wire.close);
    const replica = await makeReplica(`replica ${index + 1}`, {
      network: own,
      database: wire,
      databaseUrl: postgres.urlAt(own.gateway, wire.port),
      publicUrl: balancer.url,
      encryptionKeys: keys.present,
      privateHosts: network.providers,
      env,
    });
    const door = await startBalancer('127.0.0.1', balancer.url);
    closers.push(door.close);
    door.use([replica]);
    doors.set(replica, door.url);
    replicas.push(replica);
    closers.push(replica.kill);
  }
  // The first start makes the tables.
  await replicas[0]?.start();
  await Promise.all(replicas.slice(1).map((replica) => replica.start()));
  balancer.use(replicas);

  const ledger = createLedger();
  const at =
    (url: string): Api =>
    (method, path, body) =>
      ledger.api(url, ADMIN_TOKEN, method, path, body);
  const api = at(balancer.url);
  const random = createRandom(seed);
  const { providers, heard, standIn, close } = await startProviders(
    network.providers,

    api,
    TOKEN_SECONDS,
  );
  closers.push(close);
  const load = await makeLoadWorld({ url: balancer.url, api }, agents, random, { standIn });
  closers.push(() => Promise.all(load.connectors.map(({ server }) => server.close().catch(() => undefined))));
  const excused: Excused = { connectors: new Set(), credentials: new Set(), interruptions: [] };
  const notes: string[] = [];
  const doorOf = (replica: Replica): string => doors.get(replica) ?? replica.url;
  return {
    url: balancer.url,
    replicas,
    postgres,
    network,
    providers,
    load,
    ledger,
    heard,
    random,
    keys,
    excused,
    excuse: {
      ended: (connectorId) => void excused.connectors.add(connectorId),
      async interrupted(from) {
        excused.interruptions.push({ from, to: Date.now() });
        const rows = await postgres.query<{ connector_id: string; agent_id: string | null }>(
          'select connector_id, agent_id from credentials where refresh_started_at is not null',
        );
        for (const { connector_id: id, agent_id: agent } of rows) excused.credentials.add(`${id} ${agent ?? ''}`);
      },
    },
    api,
    doorOf,
    apiOf: (replica) => at(doorOf(replica)),
    onRemove: (work) => void closers.push(work),
    note: (line) => void notes.push(line),
    notes,
    remove: closeAll,
  };
}
