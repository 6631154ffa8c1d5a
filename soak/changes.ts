// What changes all the while: grants, keys, credentials, servers, agents. Each change tells the facts, so that
// every answer can be judged by what was true when it was given.

import { TOOLS } from '../test/stand-in/tools.ts';
import type { Fact } from './facts.ts';
import { GRACE_MS } from './facts.ts';
import type { Random } from './random.ts';
import type { Agent, Connector, Credential, World } from './world.ts';
import { connect, makeAgent, makeKey } from './world.ts';

const AWAY_MAX_MS = 4_000;
const WITHOUT_MAX_MS = 3_000;
const SERVERS_AWAY_MAX = 2;
const DEAD_KEYS_KEPT = 5;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs `work` while nobody else changes the fact; false when somebody does. */
async function taking(fact: Pick<Fact<unknown>, 'isTaken'>, work: () => Promise<void>): Promise<boolean> {
  if (fact.isTaken) return false;
  fact.isTaken = true;
  try {
    await work();
  } finally {
    fact.isTaken = false;
  }
  return true;
}

type Change = (world: World, random: Random) => Promise<boolean>;

const toggleGrant: Change = ({ hub, agents }, random) => {
  const agent = random.one(agents);
  const { grants } = agent;
  return taking(grants, async () => {
    const tool = `${random.one(agent.connectors).key}__${random.one(TOOLS)}`;
    const next = new Set(grants.now);
    if (!next.delete(tool)) next.add(tool);
    const tools = [...next].map((name) => `mcp__${name}`);
    await grants.change(next, () => hub.api('PUT', `agents/${agent.id}/tools`, { tools }));
  });
};

function retire(agent: Agent): void {
  agent.deadKeys.push(agent.key);
  if (agent.deadKeys.length > DEAD_KEYS_KEPT) agent.deadKeys.shift();
}

const revoke = async ({ hub }: World, agent: Agent): Promise<void> => {
  const { id, works } = agent.key;
  await works.change(false, () => hub.api('DELETE', `agents/${agent.id}/keys/${id}`));
};

/** Without a gap: the new one works before the old one stops. */
const rotateKey: Change = (world, random) => {
  const agent = random.one(world.agents);
  return taking(agent.enabled, async () => {
    const next = await makeKey(world.hub, agent.id);
    await revoke(world, agent);
    retire(agent);
    agent.key = next;
  });
};

/** With a gap. */
const revokeKey: Change = (world, random) => {
  const agent = random.one(world.agents);
  return taking(agent.enabled, async () => {
    await revoke(world, agent);
    await pause(random.next() * WITHOUT_MAX_MS);
    retire(agent);
    agent.key = await makeKey(world.hub, agent.id);
  });
};

const disable: Change = ({ hub, agents }, random) => {
  const agent = random.one(agents);
  const { enabled } = agent;
  return taking(enabled, async () => {
    await enabled.change(false, () => hub.api('PATCH', `agents/${agent.id}`, { enabled: false }));
    await pause(random.next() * WITHOUT_MAX_MS);
    await enabled.change(true, () => hub.api('PATCH', `agents/${agent.id}`, { enabled: true }));
  });
};

/** The agent goes for good, and another comes in its place. */
const replaceAgent: Change = ({ hub, agents }, random) => {
  const index = Math.floor(random.next() * agents.length);
  const agent = agents[index] as Agent;
  const taken = [agent.enabled, agent.grants, ...[...agent.credentials.values()].map(({ account }) => account)];
  if (taken.some(({ isTaken }) => isTaken)) return Promise.resolve(false);
  // Nothing of it may be changed any more.
  for (const fact of taken) fact.isTaken = true;
  return taking({ isTaken: false }, async () => {
    const deleting = hub.api('DELETE', `agents/${agent.id}`);
    const accounts = [...agent.credentials.values()].map(({ account }) => account.change(null, () => deleting));
    try {
      await Promise.all([agent.key.works.change(false, () => deleting), ...accounts]);
    } catch (error) {
      // It may have lost some of its credentials, and be there all the same.
      for (const fact of taken) fact.isTaken = false;
      throw error;
    }
    const name = `${agent.name.split('.')[0]}.${Date.now().toString(36)}`;
    agents[index] = await makeAgent(hub, name, agent.version, agent.connectors, random);
  });
};

export type Owned = { connector: Connector; credential: Credential; agent: Agent | null };

function ownedBy(agent: Agent, random: Random): Owned | null {
  const own = agent.connectors.filter(({ mode }) => mode === 'per_agent');
  if (own.length === 0) return null;
  const connector = random.one(own);
  return { connector, credential: agent.credentials.get(connector.key) as Credential, agent };
}

/** A new secret in place of the old one, which stops working at the server a while later. */
export async function renew({ hub }: World, { connector, credential, agent }: Owned): Promise<void> {
  credential.generation += 1;
  const account = `${agent?.name ?? 'house'}:${credential.generation}`;
  const before = credential.secret;
  let secret: string | null = null;
  await credential.account.change(account, async () => {
    secret = await connect(hub, connector, agent?.id ?? null, account);
  });
  credential.secret = secret;
  if (before !== null) setTimeout(() => connector.server.revoke(before), 2 * GRACE_MS).unref();
}

const isUp = ({ isUp }: Connector): boolean => isUp.now && !isUp.isTaken;

/** While its server stays, for a sign-in needs it. */
const withServer = (owned: Owned | null, work: (owned: Owned) => Promise<void>): Promise<boolean> => {
  if (owned === null || !isUp(owned.connector)) return Promise.resolve(false);
  const { isUp: server, auth } = owned.connector;
  const change = () => taking(owned.credential.account, () => work(owned));
  if (auth !== 'oauth') return change();
  return taking(server, async () => void (await change()));
};

const rotateCredential: Change = (world, random) =>
  withServer(ownedBy(random.one(world.agents), random), (owned) => renew(world, owned));

const rotateShared: Change = (world, random) => {
  const connector = random.one(world.connectors.filter(({ mode }) => mode === 'shared'));
  return withServer({ connector, credential: connector.credential, agent: null }, (owned) => renew(world, owned));
};

const disconnect: Change = (world, random) =>
  withServer(ownedBy(random.one(world.agents), random), async (owned) => {
    const { connector, credential, agent } = owned;
    const path = `agents/${agent?.id}/credentials/${connector.id}`;
    await credential.account.change(null, () => world.hub.api('DELETE', path));
    await pause(random.next() * WITHOUT_MAX_MS);
    await renew(world, owned);
  });

const serverAway: Change = ({ connectors }, random) => {
  const { isUp: fact, server } = random.one(connectors);
  if (connectors.filter(({ isUp }) => !isUp.now).length >= SERVERS_AWAY_MAX) return Promise.resolve(false);
  return taking(fact, async () => {
    await fact.change(false, () => server.goAway());
    await pause(random.next() * AWAY_MAX_MS);
    await fact.change(true, () => server.comeBack());
  });
};

const sync: Change = async ({ hub, connectors }, random) => {
  // A connector per agent is listed whenever somebody connects.
  const connector = random.one(connectors.filter(({ mode }) => mode !== 'per_agent'));
  if (!isUp(connector)) return false;
  return taking(connector.isUp, async () => {
    await hub.api('POST', `connectors/${connector.id}/sync`, {});
  });
};

/** With how often each is drawn. */
const CHANGES: Readonly<Record<string, readonly [number, Change]>> = {
  'grants ticked or unticked': [30, toggleGrant],
  'keys rotated': [12, rotateKey],
  'keys revoked, made anew': [8, revokeKey],
  'agents disabled, enabled': [5, disable],
  'agents deleted, others made': [3, replaceAgent],
  'credentials rotated': [15, rotateCredential],
  'shared credentials rotated': [4, rotateShared],
  'credentials disconnected, connected': [12, disconnect],
  'servers gone, come back': [3, serverAway],
  'tools listed anew': [2, sync],
};
const TOTAL = Object.values(CHANGES).reduce((sum, [weight]) => sum + weight, 0);

/** One change, drawn by chance; its name, or null when somebody else was at it. */
export async function changeSomething(world: World, random: Random): Promise<string | null> {
  let at = random.next() * TOTAL;
  for (const [name, [weight, change]] of Object.entries(CHANGES)) {
    at -= weight;
    if (at < 0) return (await change(world, random)) ? name : null;
  }
  return null;
}
