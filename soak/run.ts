// `npm run soak`: a hub at work for half an hour while everything beneath it changes. Fails on one wrong answer,
// one line in the log at "error", or memory that grows.

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine } from '../bench/machine.ts';
import { textOf } from './report.ts';
import { soak } from './soak.ts';

const MEMORY_FROM_MINUTES = 5;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    agents: { type: 'string', default: '500' },
    rate: { type: 'string', default: '300' },
    seed: { type: 'string' },
    without: { type: 'string' },
    out: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run soak -- [--minutes 30] [--agents 500] [--rate 300] [--seed N] [--without REVISION] [--out]

  --rate     calls begun a second, at most
  --without  leaves out the servers of one revision, to look for a fault elsewhere
  --out      writes the report into bench/results

Ctrl+C ends it with a report of what was seen until then. Memory is judged from ${MEMORY_FROM_MINUTES} minutes on.`);
  process.exit(0);
}

function positive(name: 'minutes' | 'agents' | 'rate'): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  console.error(`--${name} must be a number above 0, not ${values[name]}.`);
  process.exit(2);
}

const minutes = positive('minutes');
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const ended = new AbortController();
process.once('SIGINT', () => ended.abort());
const report = await soak({
  seconds: minutes * 60,
  agents: Math.ceil(positive('agents')),
  rate: positive('rate'),
  seed,
  without: values.without ?? null,
  judgesMemory: minutes >= MEMORY_FROM_MINUTES,
  tell: (line) => console.log(line),
  signal: ended.signal,
});
console.log(`\n${textOf(report)}`);
if (values.out) {
  const folder = fileURLToPath(new URL('../bench/results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const at = new Date().toISOString();
  const file = `${folder}soak-${at.slice(0, 10)}.json`;
  await writeFile(file, `${JSON.stringify({ at, machine: machine(), ...report }, null, 2)}\n`);
  console.log(`Written to ${file}`);
}
process.exitCode = report.complaints.length === 0 ? 0 : 1;
