// The resolver, warm from memory and cold from the database with decryption, beside bare reads of the
// same row in the same run.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ME, openHub } from './hub.ts';
import { median } from './machine.ts';

async function perSecond(run: () => Promise<unknown>, milliseconds = 700): Promise<number> {
  for (let i = 0; i < 200; i += 1) await run();
  let calls = 0;
  const started = performance.now();
  while (performance.now() - started < milliseconds) {
    for (let i = 0; i < 20; i += 1) await run();
    calls += 20;
  }
  return (calls * 1000) / (performance.now() - started);
}

export async function benchResolver(
  serverUrl: string,
  rounds: number,
): Promise<{ cached: number; uncached: number; bareRowReads: number }> {
  const { hub, folder, close } = await openHub();
  const agents = await Promise.all(Array.from({ length: 50 }, (_, i) => hub.agents.create({ name: `Agent ${i}` }, ME)));
  const connector = await hub.connectors.create(
    { name: 'Bench', url: serverUrl, authType: 'bearer', credentialMode: 'per_agent' },
    ME,
  );
  for (const agent of agents) await hub.agents.setCredential(agent.id, connector.id, `token-of-${agent.id}`, ME);
  const bare = new DatabaseSync(join(folder, 'chatelaine.db'), { readOnly: true });
  const row = bare.prepare("select * from credentials where connector_id = ? and owner = ? and slot = 'active'");
  let next = 0;
  const agentId = (): string => agents[++next % agents.length]?.id ?? '';
  const figures = { cached: [] as number[], uncached: [] as number[], bareRowReads: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    figures.cached.push(await perSecond(() => hub.resolve(connector.id, agentId())));
    // Naming the slot passes the memory by.
    figures.uncached.push(await perSecond(() => hub.resolve(connector.id, agentId(), { slot: 'active' })));
    figures.bareRowReads.push(await perSecond(async () => row.get(connector.id, agentId())));
  }
  bare.close();
  await close();
  return {
    cached: median(figures.cached),
    uncached: median(figures.uncached),
    bareRowReads: median(figures.bareRowReads),
  };
}
