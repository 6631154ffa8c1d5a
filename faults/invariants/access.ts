// Ready again, and a revocation at one replica felt by all.

import { modernClient } from '../../test/gateway/agents.ts';
import { RECOVERY_MS } from '../windows.ts';
import type { World } from '../world.ts';

const LOOK_MS = 50;
/** README: within a second everywhere. */
const REVOKED_MS = 1_000;

/** How long it took until every replica was ready, counted from now; null: not within {@link RECOVERY_MS}. */
export async function readyAgain({ replicas }: World): Promise<number | null> {
  const from = Date.now();
  for (;;) {
    const ready = await Promise.all(replicas.map((replica) => replica.isReady()));
    const took = Date.now() - from;
    if (ready.every(Boolean)) return took > RECOVERY_MS ? null : took;
    if (took > RECOVERY_MS) return null;
    await pause(LOOK_MS);
  }
}

/** A key that serves everywhere is revoked at one replica: the others refuse it within a second. */
export async function revocationComplaints(world: World): Promise<string[]> {
  const [first, ...others] = world.random.some(world.replicas, world.replicas.length);
  if (first === undefined) return [];
  const { id } = await world.apiOf(first)('POST', 'agents', { name: `Revoked ${Date.now().toString(36)}` });
  const { id: keyId, key } = await world.apiOf(first)<{ id: string; key: string }>('POST', `agents/${id}/keys`, {
    label: 'revoked',
  });
  const status = async (door: string): Promise<number> =>
    (await modernClient(`${door}/mcp`, key).request('tools/list')).status;
  const before = await Promise.all(others.map((replica) => status(world.doorOf(replica))));
  if (before.some((one) => one !== 200)) return [`a new key was answered ${before} by the other replicas`];
  await world.apiOf(first)('DELETE', `agents/${id}/keys/${keyId}`);
  const from = Date.now();
  const complaints = await Promise.all(
    others.map(async (replica) => {
      for (;;) {
        // Counted from when it was asked: what is asked later must be refused.
        const askedAfter = Date.now() - from;
        const answered = await status(world.doorOf(replica));
        if (answered === 401) return null;
        if (askedAfter > REVOKED_MS)
          return `${replica.name} answered ${answered} to a key revoked ${askedAfter} ms before`;
        await pause(LOOK_MS);
      }
    }),
  );
  await world.api('DELETE', `agents/${id}`);
  return complaints.filter((complaint) => complaint !== null);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
