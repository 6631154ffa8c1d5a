// The hub's own figures: start, paste to redirect, resolver, sync of many connectors.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { benchConnect } from './connect.ts';
import { benchResolver } from './resolver.ts';
import { benchStart } from './start.ts';
import { benchSync } from './sync.ts';
import { figure as n } from './table.ts';

const ROUNDS = 5;
const CONNECTORS = 1_000;

type HubFigures = Awaited<ReturnType<typeof benchHub>>;

export async function benchHub() {
  const peer = spawn(process.execPath, [fileURLToPath(new URL('peer.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(createInterface({ input: peer.stdout }), 'line')) as [string];
    const urls = JSON.parse(line) as { oauth: string; bare: string };
    return {
      start: await benchStart(ROUNDS),
      connect: await benchConnect(urls.oauth, ROUNDS),
      resolver: await benchResolver(`${urls.bare}/mcp`, ROUNDS),
      sync: await benchSync(urls.bare, CONNECTORS),
    };
  } finally {
    peer.kill('SIGTERM');
  }
}

export function printHub({ start, connect, resolver, sync }: HubFigures): string {
  const rows: [string, string][] = [
    ['start until ready, first', `${n(start.firstMs)} ms`],
    ['start until ready, again', `${n(start.secondMs)} ms`],
    ['resident memory, idle', `${n(start.idleRssMiB)} MiB`],
    [
      'paste to redirect, cold',
      `${n(connect.cold.hubMs, 1)} ms in the hub, ${connect.cold.upstreamRequests} upstream requests, ${n(connect.cold.totalMs, 1)} ms in all`,
    ],
    [
      'paste to redirect, issuer known',
      `${n(connect.warm.hubMs, 1)} ms in the hub, ${connect.warm.upstreamRequests} upstream requests, ${n(connect.warm.totalMs, 1)} ms in all`,
    ],
    ['resolver, from memory', `${n(resolver.cached)} /s`],
    ['resolver, database and decryption', `${n(resolver.uncached)} /s`],
    ['  beside: bare reads of that row', `${n(resolver.bareRowReads)} /s`],
    [`sync of ${n(sync.connectors)} × 45 tools, first`, `${n(sync.firstSeconds, 1)} s`],
    [`sync of ${n(sync.connectors)} × 45 tools, again`, `${n(sync.againSeconds, 1)} s`],
    ['  highest resident memory meanwhile', `${n(sync.peakRssMiB)} MiB`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join('\n');
}
