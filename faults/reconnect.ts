// What a person does where a fault ended an authorization by its nature: connects again, so that the next loss is seen.

import { type Owned, renew } from '../soak/changes.ts';
import { signIn } from './providers.ts';
import type { World } from './world.ts';

/** Only what was excused: anything else in need of a person is a complaint, and stays as it is. */
export async function reconnectExcused(world: World): Promise<void> {
  const { api, providers, load, excused } = world;
  const rows = await world.postgres.query<{ connector_id: string; agent_id: string | null }>(
    "select connector_id, agent_id from credentials where slot = 'active' and state <> 'ok'",
  );
  const lost = new Set(rows.map(({ connector_id: id, agent_id: agent }) => `${id} ${agent ?? ''}`));
  const isMine = (id: string, agent: string): boolean => {
    const name = `${id} ${agent}`;
    if (!lost.has(name) || !(excused.credentials.has(name) || excused.connectors.has(id))) return false;
    excused.credentials.delete(name);
    excused.connectors.delete(id);
    return true;
  };
  for (const { steady } of providers) if (isMine(steady.id, '')) await signIn(api, steady.id);
  const owned: Owned[] = load.connectors.flatMap((connector) => [
    { connector, credential: connector.credential, agent: null },
    ...load.agents.flatMap((agent) => {
      const credential = agent.credentials.get(connector.key);
      return credential === undefined ? [] : [{ connector, credential, agent }];
    }),
  ]);
  for (const one of owned) if (isMine(one.connector.id, one.agent?.id ?? '')) await renew(load, one);
}
