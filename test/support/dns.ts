// A name server of one's own, and processes that ask it and no other. For root: it needs port 53 and a mount.

import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type DnsAnswer = readonly string[] | 'servfail' | 'nxdomain' | 'silence';

export type TestDns = {
  /** What each name is answered with; a function is asked anew each time. Unknown names do not exist. */
  readonly names: Map<string, DnsAnswer | (() => DnsAnswer)>;
  /** The names asked for, in their order. */
  readonly asked: string[];
  /** Put before a command, it makes the command ask this server. */
  readonly prefix: readonly string[];
  close(): Promise<void>;
};

const A = 1;
const CODES = { servfail: 2, nxdomain: 3 } as const;

/** Whether this machine lets a process have a resolver of its own. */
export const canResolve = spawnSync('unshare', ['-m', 'true']).status === 0 && process.getuid?.() === 0;

/**
 * @param folder where its `resolv.conf` is written
 * @param hosts lines of the hosts file that those commands see
 */
export async function startDns(folder: string, address: string, hosts = ''): Promise<TestDns> {
  const socket = createSocket('udp4');
  const names: TestDns['names'] = new Map();
  const asked: string[] = [];
  socket.on('message', (query, from) => {
    const { name, type, end } = questionOf(query);
    if (type === A) asked.push(name);
    const known = names.get(name) ?? 'nxdomain';
    const answer = typeof known === 'function' ? known() : known;
    if (answer === 'silence') return;
    const addresses = typeof answer === 'string' || type !== A ? [] : answer;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180 | (typeof answer === 'string' ? CODES[answer] : 0), 2);
    header.writeUInt16BE(addresses.length, 6);
    header.writeUInt32BE(0, 8);
    const records = addresses.map((ip) =>
      Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 0, 0, 4, ...ip.split('.').map(Number)]),
    );
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(53, address, resolve));
  await writeFile(join(folder, 'resolv.conf'), `nameserver ${address}\n`);
  await writeFile(join(folder, 'hosts'), `127.0.0.1 localhost\n${hosts}\n`);
  const mounts = ['resolv.conf', 'hosts'].map((name) => `mount --bind '${join(folder, name)}' /etc/${name}`);
  return {
    names,
    asked,
    prefix: ['unshare', '-m', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh'],
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}
