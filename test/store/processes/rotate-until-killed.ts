// Run as a process of its own: rotates the secret of one credential for ever, and after each rotation
// that the store acknowledged prints its generation. Beside it, whole tool listings are written, so that
// the kill also lands inside larger transactions.

import { writeSync } from 'node:fs';
import { openStore } from '../../../src/store/open-store.ts';
import { tool } from '../conformance/fixtures.ts';

const [location = '', connectorId = '', credentialId = ''] = process.argv.slice(2);
const store = await openStore(JSON.parse(location));

async function rotate(): Promise<void> {
  for (let generation = 1; ; generation += 1) {
    const rotated = await store.credentials.update(credentialId, generation, { sealed: `tokens ${generation + 1}` });
    if (!rotated) throw new Error(`generation ${generation} was not what stood`);
    // Synchronous: what the parent has read was acknowledged before the kill.
    writeSync(1, `${generation + 1}\n`);
  }
}

async function list(): Promise<void> {
  for (let version = 1; ; version += 1) {
    const tools = Array.from({ length: 300 }, (_, i) => tool(`tool_${i}`, version));
    await store.tools.saveSnapshot(connectorId, '', tools, version);
  }
}

await Promise.all([rotate(), list()]);
