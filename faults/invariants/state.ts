// What every replica says of agents, keys, grants and credentials, against what was acknowledged; and each credential
// used through each replica.

import type { Agent, Connector } from '../../soak/world.ts';
import { legacyClient, modernClient, type Rpc } from '../../test/gateway/agents.ts';
import { NotDone } from '../ledger.ts';
import type { Replica } from '../replica.ts';
import type { World } from '../world.ts';

type Told = { connectorKey: string; state: string; reason: string | null; tools: { name: string; granted: boolean }[] };
const PROBE = '2025-11-25';
/** A server that came back is trusted again after the pause of its circuit. */
const TRUSTED_AGAIN_MS = 25_000;

const LANES = 4;
let nonces = 0;

/** What was acknowledged stands at every replica; what nobody answered is looked up, and from then on known. */
export async function stateComplaints(world: World): Promise<string[]> {
  const agents = world.load.agents.filter((agent) => agent.key.works.open.includes(true));
  return inTurn(agents, (agent) => ofAgent(world, agent));
}

/** Some at a time: looking must not be a load of its own. */
async function inTurn<T>(items: readonly T[], look: (item: T) => Promise<string[]>): Promise<string[]> {
  const waiting = [...items];
  const found: string[] = [];
  const lane = async (): Promise<void> => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) found.push(...(await look(item)));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return found;
}

async function ofAgent(world: World, agent: Agent): Promise<string[]> {
  const complaints: string[] = [];
  const readings = await Promise.all(world.replicas.map((replica) => read(world, replica, agent)));
  const [first] = readings;
  if (first === undefined) return [];
  for (const [index, reading] of readings.entries()) {
    if (reading.grants === first.grants && reading.keys === first.keys && reading.enabled === first.enabled) continue;
    complaints.push(
      `${agent.name}: ${world.replicas[index]?.name} says ${JSON.stringify(reading)}, another ${JSON.stringify(first)}`,
    );
  }
  if (first.enabled === null) {
    // Its deletion was acknowledged, or may have been made.
    if (!agent.key.works.open.includes(false)) complaints.push(`${agent.name} is gone, and nobody deleted it`);
    agent.key.works.settle(false);
    return complaints;
  }
  if (!agent.enabled.open.includes(first.enabled))
    complaints.push(`${agent.name}: enabled is ${first.enabled}, acknowledged was ${agent.enabled.open}`);
  agent.enabled.settle(first.enabled);
  const grants = agent.grants.open.find((set) => [...set].toSorted().join(' ') === first.grants);
  if (grants === undefined)
    complaints.push(
      [
        `${agent.name}: lost grants: ${first.grants}; acknowledged: ${[...agent.grants.now].toSorted().join(' ')}`,
        ...world.ledger.history(agent.id, 'tools'),
      ].join('\n      '),
    );
  else agent.grants.settle(grants);
  const works = first.keys.split(' ').includes(agent.key.id);
  if (!agent.key.works.open.includes(works)) complaints.push(`${agent.name}: its key ${works ? 'is back' : 'is lost'}`);
  agent.key.works.settle(works);
  for (const dead of agent.deadKeys) {
    const lives = first.keys.split(' ').includes(dead.id);
    if (lives && !dead.works.open.includes(true)) complaints.push(`${agent.name}: a revoked key is back`);
    dead.works.settle(lives);
  }
  return complaints;
}

async function read(world: World, replica: Replica, agent: Agent) {
  const api = world.apiOf(replica);
  try {
    const { enabled } = await api<{ enabled: boolean }>('GET', `agents/${agent.id}`);
    const keys = await api<{ items: { id: string }[] }>('GET', `agents/${agent.id}/keys?limit=200`);
    const rows = await api<{ items: Told[] }>('GET', `agents/${agent.id}/connectors?limit=200`);
    const grants = rows.items.flatMap(({ connectorKey, tools }) =>
      tools.filter(({ granted }) => granted).map(({ name }) => `${connectorKey}__${name}`),
    );
    return { enabled, keys: keys.items.map(({ id }) => id).join(' '), grants: grants.toSorted().join(' ') };
  } catch (error) {
    if (error instanceof NotDone && error.status === 404) return { enabled: null, keys: '', grants: '' };
    throw error;
  }
}

/** Each agent uses each of its credentials through each replica: the right account answers, or the reason is told. */
export async function useComplaints(world: World): Promise<string[]> {
  const now = Date.now();
  const usable = (agent: Agent): boolean =>
    agent.key.works.open.join() === 'true' && agent.enabled.open.join() === 'true';
  const pairs = world.load.agents
    .filter(usable)
    .flatMap((agent) =>
      agent.connectors
        .filter(
          ({ key, isUp }) =>
            agent.grants.now.has(`${key}__whoami`) && !isUp.maybe(now - TRUSTED_AGAIN_MS, now, (up) => !up),
        )
        .map((connector) => ({ agent, connector })),
    );
  const uses = pairs.flatMap((pair) => world.replicas.map((replica) => ({ ...pair, replica })));
  return inTurn(uses, ({ agent, connector, replica }) => use(world, replica, agent, connector));
}

async function use(world: World, replica: Replica, agent: Agent, connector: Connector): Promise<string[]> {
  const credential = agent.credentials.get(connector.key) ?? connector.credential;
  const url = `${world.doorOf(replica)}/mcp/${connector.key}`;
  const accounts = credential.account.open;
  const from = Date.now();
  const about = `${agent.name} at ${connector.key} (${connector.auth}) through ${replica.name}`;
  let answer: Rpc;
  nonces += 1;
  const nonce = `check-${nonces}`;
  try {
    const client =
      connector.revision === '2026-07-28'
        ? modernClient(url, agent.key.text)
        : await legacyClient(url, agent.key.text, PROBE, {});
    ({ answer } = await client.request('tools/call', { name: 'whoami', arguments: { nonce } }));
  } catch (error) {
    return [`${about}: ${error instanceof Error ? error.message : error} after ${Date.now() - from} ms`];
  }
  const text: string = answer.result?.content?.[0]?.text ?? answer.error?.message ?? '';
  const account = accountIn(text);
  if (account !== null) {
    if (accounts.includes(account)) return [];
    return [`${about}: the server saw ${account}, not ${accounts}`];
  }
  if (accounts.includes(null) && /\/connect\/|An operator of|not connected/.test(text)) return [];
  const owner = agent.credentials.has(connector.key) ? agent.id : '';
  if (/interrupted/.test(text) && world.excused.credentials.has(`${connector.id} ${owner}`)) return [];
  const history = world.ledger.history(agent.id, 'credentials', connector.id);
  const said = text.slice(0, 300) || JSON.stringify(answer).slice(0, 300);
  return [[`${about}: ${said}; accounts ${accounts}`, ...history].join('\n      ')];
}

function accountIn(text: string): string | null {
  try {
    return (JSON.parse(text) as { account?: string }).account ?? null;
  } catch {
    return null;
  }
}
