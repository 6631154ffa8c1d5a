// Measures and prints; writes JSON to bench/results. Nothing here passes or fails.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { benchConnect } from './connect.ts';
import { machine } from './machine.ts';
import { benchResolver } from './resolver.ts';
import { benchStart } from './start.ts';
import { benchSync } from './sync.ts';

const ROUNDS = 5;
const CONNECTORS = 1_000;

const peer = spawn(process.execPath, [fileURLToPath(new URL('peer.ts', import.meta.url))], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [line] = (await once(createInterface({ input: peer.stdout }), 'line')) as [string];
const urls = JSON.parse(line) as { oauth: string; bare: string };

const start = await benchStart(ROUNDS);
const connect = await benchConnect(urls.oauth, ROUNDS);
const resolver = await benchResolver(`${urls.bare}/mcp`, ROUNDS);
const sync = await benchSync(urls.bare, CONNECTORS);
peer.kill('SIGTERM');

const results = { at: new Date().toISOString(), machine: machine(), start, connect, resolver, sync };
const folder = fileURLToPath(new URL('results/', import.meta.url));
await mkdir(folder, { recursive: true });
const file = `${folder}${results.at.slice(0, 10)}.json`;
await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);

const n = (value: number, digits = 0): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
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
const { cpu, cores, memoryGiB, node } = results.machine;
console.log(`${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}\n`);
for (const [label, value] of rows) console.log(`${label.padEnd(width)}  ${value}`);
