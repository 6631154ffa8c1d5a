// Holds a secret in memory, guarded or not, and crashes; or stays until it is ended.

import { guardMemory } from '../../src/server/memory-guard.ts';

const [guarded, end] = process.argv.slice(2);
if (guarded === 'guarded') guardMemory();
// Put together here, so that no source and no argument holds the whole.
const secret = ['canary', 'in', 'memory', process.env.CANARY_END].join('-');
Object.assign(globalThis, { kept: [`${secret}!`, Buffer.from(secret)] });
if (end === 'report') process.stdout.write(`${JSON.stringify(process.report.getReport())}\n`);
else if (end === 'stay') {
  setInterval(() => {}, 1_000);
  process.stdout.write('{"ready":true}\n');
} else process.abort();
