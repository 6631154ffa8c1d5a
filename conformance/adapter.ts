// The "client under test" of the official MCP conformance suite, which starts it once for each scenario:
// the server's URL is the last argument, the rest comes in MCP_CONFORMANCE_*. It owns no MCP and no OAuth;
// it plays an operator at a hub. run.ts names a hub that serves all scenarios; without one it starts its own:
//
//   conformance client --scenario auth/basic-cimd --command "node conformance/adapter.ts"

import { appendFile } from 'node:fs/promises';
import type { HubAddress } from './operator.ts';
import { play } from './scenarios.ts';

const { env } = process;
const hub = await hubToUse();
const { transcript, ...outcome } = await play(hub.address, {
  name: env.MCP_CONFORMANCE_SCENARIO ?? 'by hand',
  serverUrl: process.argv.at(-1) ?? '',
  context: JSON.parse(env.MCP_CONFORMANCE_CONTEXT ?? '{}') as Record<string, unknown>,
});
await hub.close();

console.log(transcript.join('\n'));
console.log(outcome);
if (env.CONFORMANCE_OUTCOMES !== undefined) {
  const line = { scenario: env.MCP_CONFORMANCE_SCENARIO, ...outcome };
  await appendFile(env.CONFORMANCE_OUTCOMES, `${JSON.stringify(line)}\n`);
}
process.exitCode = outcome.ended === outcome.expected ? 0 : 1;

async function hubToUse(): Promise<{ address: HubAddress; close(): Promise<void> }> {
  const { CONFORMANCE_HUB: url, CONFORMANCE_HUB_TOKEN: adminToken } = env;
  if (url !== undefined && adminToken !== undefined) return { address: { url, adminToken }, close: async () => {} };
  const { startHub } = await import('./hub.ts');
  return startHub();
}
