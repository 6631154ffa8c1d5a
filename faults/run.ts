// `npm run faults`: three replicas at work while everything beneath them breaks. Fails on one invariant that did not
// hold. As root it moves into a network and mount namespace of its own first.

import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine } from '../bench/machine.ts';
import { FAULTS } from './catalogue.ts';
import { complaintsOf, type Report, textOf } from './report.ts';
import { runSuite } from './suite.ts';

const INSIDE = '--inside';
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    only: { type: 'string' },
    seed: { type: 'string' },
    agents: { type: 'string', default: '12' },
    list: { type: 'boolean', default: false },
    out: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
    inside: { type: 'boolean', default: false },
  },
});

const wanted = (values.only ?? '').split(',').map((part) => part.trim());
const faults = FAULTS.filter(({ name }) => wanted.some((part) => name.includes(part)));
if (values.list || faults.length === 0) {
  console.log(faults.map(({ name }) => name).join('\n') || `There is no fault named ${values.only}.`);
  process.exit(values.list ? 0 : 2);
}
if (!values.inside && !values.plain && mayUnshare()) process.exit(runInside());

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const rounds = positive('rounds');
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const reports: Report[] = [];
for (let round = 0; round < rounds; round += 1) {
  if (rounds > 1) console.log(`\nRun ${round + 1} of ${rounds}`);
  const report = await runSuite({
    seed: seed + round,
    agents: positive('agents'),
    withNamespaces: values.inside,
    faults,
    tell: (line) => console.log(line),
  });
  reports.push(report);
}
console.log(`\n${textOf(reports)}`);
if (values.out) {
  const folder = fileURLToPath(new URL('results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const at = new Date().toISOString();
  const file = `${folder}faults-${at.slice(0, 10)}.json`;
  await writeFile(file, `${JSON.stringify({ at, machine: machine(), runs: reports }, null, 2)}\n`);
  console.log(`Written to ${file}`);
}
process.exit(reports.flatMap(complaintsOf).length === 0 ? 0 : 1);

function positive(name: 'rounds' | 'agents'): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name} must be a whole number above 0, not ${values[name]}.`);
  process.exit(2);
}

function mayUnshare(): boolean {
  return process.getuid?.() === 0 && spawnSync('unshare', ['--net', '--mount', 'ip', 'link']).status === 0;
}

/** The same again in namespaces of its own, which vanish with it. */
function runInside(): number {
  const again = [...process.execArgv, ...process.argv.slice(1), INSIDE];
  const { status } = spawnSync('unshare', ['--net', '--mount', process.execPath, ...again], { stdio: 'inherit' });
  return status ?? 1;
}
