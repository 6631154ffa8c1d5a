// Where the replicas live: each in a network namespace of its own when we may make some, so that what it reaches can
// be taken away from it alone; otherwise all on the loopback.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = (...words: string[]) => run('ip', words);
const PROVIDERS = '10.213.0.1';

export type ReplicaNetwork = {
  /** Where the replica listens. */
  readonly host: string;
  /** Where it finds what the suite itself listens with: the wires to the database. */
  readonly gateway: string;
  /** What its command line begins with. */
  readonly prefix: readonly string[];
  /** Packets to the providers vanish; null where there are no namespaces. */
  readonly losesProviders: (() => Promise<void>) | null;
  /** It sends no more than so much, to whomever. */
  readonly slowsDown: ((kilobitsPerSecond: number) => Promise<void>) | null;
  readonly mend: () => Promise<void>;
};

export type Network = {
  readonly hasNamespaces: boolean;
  /** Where the stand-ins listen. */
  readonly providers: string;
  readonly replicas: readonly ReplicaNetwork[];
  remove(): Promise<void>;
};

export async function makeNetwork(count: number, withNamespaces: boolean): Promise<Network> {
  if (!withNamespaces) {
    const plain = { host: '127.0.0.1', gateway: '127.0.0.1', prefix: [], losesProviders: null, slowsDown: null };
    const replicas = Array.from({ length: count }, () => ({ ...plain, mend: async () => undefined }));
    return { hasNamespaces: false, providers: '127.0.0.1', replicas, remove: async () => undefined };
  }
  await ip('link', 'set', 'lo', 'up');
  await ip('address', 'add', `${PROVIDERS}/32`, 'dev', 'lo');
  const names = Array.from({ length: count }, (_, index) => `faults-${process.pid}-${index + 1}`);
  const replicas: ReplicaNetwork[] = [];
  for (const [index, name] of names.entries()) replicas.push(await makeNamespace(name, index + 1));
  return {
    hasNamespaces: true,
    providers: PROVIDERS,
    replicas,
    async remove() {
      for (const name of names) await ip('netns', 'delete', name).catch(() => undefined);
    },
  };
}

async function makeNamespace(name: string, number: number): Promise<ReplicaNetwork> {
  const gateway = `10.213.${number}.1`;
  const host = `10.213.${number}.2`;
  const [outside, inside] = [`faults${number}`, `faults${number}i`];
  const within = (...words: string[]) => ip('-n', name, ...words);
  await ip('netns', 'add', name);
  await ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name);
  await ip('address', 'add', `${gateway}/24`, 'dev', outside);
  await ip('link', 'set', outside, 'up');
  await within('link', 'set', 'lo', 'up');
  await within('address', 'add', `${host}/24`, 'dev', inside);
  await within('link', 'set', inside, 'up');
  await within('route', 'add', 'default', 'via', gateway);
  // A way that ends at an address which nobody has: whatever is sent there is gone without a word.
  await within('link', 'add', 'nowhere', 'type', 'veth', 'peer', 'name', 'nowhere2');
  await within('link', 'set', 'nowhere', 'up');
  await within('link', 'set', 'nowhere2', 'up');
  await within('neigh', 'add', PROVIDERS, 'lladdr', '02:00:00:00:00:99', 'dev', 'nowhere', 'nud', 'permanent');
  const shape = (...words: string[]) => run('tc', ['-n', name, 'qdisc', ...words]);
  return {
    host,
    gateway,
    prefix: ['ip', 'netns', 'exec', name],
    losesProviders: async () => void (await within('route', 'replace', `${PROVIDERS}/32`, 'dev', 'nowhere')),
    slowsDown: async (kilobitsPerSecond) => {
      const limits = ['rate', `${kilobitsPerSecond}kbit`, 'burst', '4kb', 'latency', '2s'];
      await shape('replace', 'dev', inside, 'root', 'tbf', ...limits);
    },
    async mend() {
      await within('route', 'delete', `${PROVIDERS}/32`, 'dev', 'nowhere').catch(() => undefined);
      await shape('delete', 'dev', inside, 'root').catch(() => undefined);
    },
  };
}
