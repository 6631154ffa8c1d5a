// One replica as it is shipped: a process, its wire to the database, its namespace, every line of its log that should
// not be there.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../test/support/until.ts';
import type { ReplicaNetwork } from './network.ts';
import type { Wire } from './proxy.ts';

export const ADMIN_TOKEN = 'faults-admin-token-0123456789-0123456789';
const COMMAND = fileURLToPath(new URL('../bin/chatelaine.mjs', import.meta.url));
const STEPS = new URL('steps.mjs', import.meta.url).href;
const FATAL_LEVEL = 60;
/** On a machine that has other work. */
const START_MS = 60_000;
const READY_ASK_MS = 1_500;
const LINES_KEPT = 400;

/** Where a process is killed, see steps.mjs. */
export type Step =
  | { readonly at: 'request' | 'sent' | 'answered'; readonly path: string; readonly body?: string }
  | { readonly at: 'before' | 'after'; readonly statement: string; readonly count?: number };

export type ReplicaOptions = {
  readonly network: ReplicaNetwork;
  readonly database: Wire;
  readonly databaseUrl: string;
  readonly publicUrl: string;
  readonly encryptionKeys: string;
  readonly privateHosts: string;
  /** Added to the environment; faults of the clock and of names use it. */
  readonly env?: Readonly<Record<string, string>>;
};

export type Replica = {
  readonly name: string;
  readonly url: string;
  readonly database: Wire;
  readonly network: ReplicaNetwork;
  /** The newest lines of its log. */
  readonly lines: readonly string[];
  /** What must never be printed: output that is no log, log lines at "fatal". */
  readonly complaints: readonly string[];
  /** When it was killed, in milliseconds since the epoch, oldest first. */
  readonly kills: readonly number[];
  isRunning(): boolean;
  isReady(): Promise<boolean>;
  /** Starts the process, with other variables of the environment where some are given; does not wait for it. */
  launch(env?: Readonly<Record<string, string>>): void;
  /** Starts it and waits until it is ready. */
  start(env?: Readonly<Record<string, string>>): Promise<void>;
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
  /** From now on it is killed when it comes to this step; null takes that back. */
  dieAt(step: Step | null): Promise<void>;
  /** Resolves when the process has ended. */
  ended(): Promise<void>;
};

export async function makeReplica(name: string, options: ReplicaOptions): Promise<Replica> {
  const { network, database } = options;
  const port = await freePort();
  const url = `http://${network.host}:${port}`;
  const lines: string[] = [];
  const complaints: string[] = [];
  const kills: number[] = [];
  let child: ChildProcess | null = null;
  let ended: Promise<number | null> = Promise.resolve(null);

  const read = (line: string): void => {
    lines.push(`${new Date().toISOString()} ${line}`);
    if (lines.length > LINES_KEPT) lines.shift();
    const level = levelOf(line);
    if (level === null || level >= FATAL_LEVEL) complaints.push(`${name}: ${line}`);
  };
  const launch = (env: Readonly<Record<string, string>> = {}): void => {
    const serve = [COMMAND, 'serve', '--host', network.host, '--port', String(port), '--json'];
    const [command = '', ...words] = [...network.prefix, process.execPath, '--import', STEPS, ...serve];
    const started = spawn(command, words, {
      env: {
        PATH: process.env.PATH ?? '',
        CHATELAINE_URL: options.publicUrl,
        CHATELAINE_DATABASE_URL: options.databaseUrl,
        CHATELAINE_ENCRYPTION_KEYS: options.encryptionKeys,
        CHATELAINE_ADMIN_TOKEN: ADMIN_TOKEN,
        CHATELAINE_STOP_NOTICE_SECONDS: '1',
        CHATELAINE_ALLOWED_PRIVATE_HOSTS: options.privateHosts,
        ...options.env,
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    createInterface({ input: started.stderr as NodeJS.ReadableStream }).on('line', read);
    child = started;
    const endWithUs = (): void => void started.kill('SIGKILL');
    process.once('exit', endWithUs);
    ended = once(started, 'exit').then(([code]) => {
      process.off('exit', endWithUs);
      if (child === started) child = null;
      return code as number | null;
    });
  };
  const isReady = (): Promise<boolean> =>
    fetch(`${url}/readyz`, { signal: AbortSignal.timeout(READY_ASK_MS) }).then(
      (answer) => answer.body?.cancel().then(() => answer.ok) ?? answer.ok,
      () => false,
    );
  return {
    name,
    url,
    database,
    network,
    lines,
    complaints,
    kills,
    isRunning: () => child !== null,
    isReady,
    launch,
    async start(env) {
      launch(env);
      await until(
        `${name} is ready`,
        () => {
          if (child === null) throw new Error(`${name} did not start:\n${lines.slice(-5).join('\n')}`);
          return isReady();
        },
        START_MS,
      );
    },
    async kill() {
      kills.push(Date.now());
      child?.kill('SIGKILL');
      await ended;
    },
    signal: (signal) => void child?.kill(signal),
    async stop() {
      child?.kill('SIGTERM');
      return ended;
    },
    async dieAt(step) {
      if (child === null) throw new Error(`${name} does not run`);
      const armed = once(child, 'message');
      child.send({ step });
      // The load may take it to that step at this very moment.
      await Promise.race([armed, ended]);
      if (step !== null) void ended.then(() => kills.push(Date.now()));
    },
    ended: async () => void (await ended),
  };
}

/** null for what is no line of the log. */
function levelOf(line: string): number | null {
  if (line.trim() === '' || /ExperimentalWarning|node --trace-warnings|second signal ends/.test(line)) return 0;
  try {
    const { level } = JSON.parse(line) as { level?: unknown };
    return typeof level === 'number' ? level : null;
  } catch {
    return null;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
