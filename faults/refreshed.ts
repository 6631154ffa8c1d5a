// A connector whose token is due for a refresh some seconds after it came, for faults that need a refresh to hit.

import { type Provider, signIn } from './providers.ts';
import type { World } from './world.ts';

export type Refreshed = { readonly id: string; readonly provider: Provider };

/** A new one each time: after a refresh that was cut off nobody else refreshes until its lease has lapsed. */
export async function connectToRefresh(world: World): Promise<Refreshed> {
  const provider = world.random.one(world.providers);
  const { id } = await world.api('POST', 'connectors', {
    name: `Refreshed ${Date.now().toString(36)}`,
    url: provider.running.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
  });
  await signIn(world.api, id);
  return { id, provider };
}
