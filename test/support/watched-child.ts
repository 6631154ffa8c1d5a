// A server in a process of its own whose memory can be looked into: on each line of standard input it collects
// garbage and writes a heap snapshot to the file of that name. Its log, at the level of the settings, goes to
// standard error.

import { createInterface } from 'node:readline';
import v8 from 'node:v8';
import vm from 'node:vm';
import { readSettings } from '../../src/server/config.ts';
import { createLog } from '../../src/server/log.ts';
import { startServer } from '../../src/server/serve.ts';

v8.setFlagsFromString('--expose-gc');
v8.setFlagsFromString('--heap-snapshot-string-limit=1000000');
const collect = vm.runInNewContext('gc') as () => void;
// Found in every snapshot, in either width of characters, so that a search which finds nothing else means something.
const { SEEN_IN_HEAP = '' } = process.env;
const flat = (text: string): string => Buffer.from(text).toString();
Object.assign(globalThis, { seen: [flat(SEEN_IN_HEAP), flat(`${SEEN_IN_HEAP}-€`)] });

const settings = readSettings();
const say = (what: object): boolean => process.stdout.write(`${JSON.stringify(what)}\n`);
// In a function of its own: what a module awaits stays in its memory.
async function start(): Promise<void> {
  const server = await startServer(settings, createLog(settings.logLevel, 'stderr'));
  say({ url: server.url, setupCode: (await server.embedded.people.setup.newCode())?.reveal() });
}
void start();

createInterface({ input: process.stdin }).on('line', (file) => {
  for (let i = 0; i < 4; i += 1) collect();
  say({ snapshot: v8.writeHeapSnapshot(file) });
});
