// Records against each other: what the stand-ins recorded, the audit log, the call log, the credentials themselves.

import { ALSO_BY_OTHERS } from '../ledger.ts';
import type { World } from '../world.ts';

/** Tools of the soak whose every call is one message to the server. */
const PLAIN_TOOLS = ['whoami', 'steps', 'fail', 'refuse'] as const;
/** A killed replica takes with it what it heard of calls in the last moment: half a second, and what was under way. */
const UNWRITTEN_MS = 1_500;
/** What a replica was doing when it was killed began shortly before. */
const AROUND_MS = 5_000;

/** A refresh token, and a code, is presented once; the second time after an interruption is known, and excused. */
export function presentedComplaints(world: World): string[] {
  const complaints: string[] = [];
  const seen = new Map<string, number>();
  const look = (where: string, grant: string, presented: string, at: number): void => {
    const first = seen.get(presented);
    seen.set(presented, Math.min(at, first ?? at));
    if (first === undefined) return;
    const isInterrupted = world.excused.interruptions.some(
      ({ from, to }) => first > from - AROUND_MS && first < to + AROUND_MS,
    );
    if (grant === 'refresh_token' && isInterrupted) return;
    complaints.push(`${where}: a ${grant} was presented twice, ${at - first} ms apart`);
  };
  for (const { provider, grant, presented, at } of world.heard.presented()) look(provider, grant, presented, at);
  for (const { key, server } of world.load.connectors)
    for (const { grant, presented, at } of server.tokenRequests) look(key, grant, presented, at);
  return complaints;
}

type Credential = { connector_id: string; agent_id: string | null; state: string; reason: string | null; name: string };

/** A credential that needs a person says why; and unless its authorization was ended, or interrupted, it needs none. */
export async function credentialComplaints(world: World): Promise<string[]> {
  const rows = await world.postgres.query<Credential>(
    "select c.connector_id, c.agent_id, c.state, c.reason, k.name from credentials c join connectors k on k.id = c.connector_id where c.state <> 'ok'",
  );
  return rows.flatMap(({ connector_id: id, agent_id: agent, state, reason, name }) => {
    if (reason === null) return [`a credential of ${name} is ${state} and does not say why`];
    if (world.excused.connectors.has(id)) return [];
    if (/interrupted/.test(reason) && world.excused.credentials.has(`${id} ${agent ?? ''}`)) return [];
    return [`a credential of ${name} needs a person: ${state}, ${reason}`];
  });
}

/** Everything acknowledged is in the audit log, and nothing that nobody asked for. */
export async function auditComplaints(world: World): Promise<string[]> {
  const rows = await world.postgres.query<{ action: string; count: string }>(
    'select action, count(*) from audit group by action',
  );
  const logged = new Map(rows.map(({ action, count }) => [action, Number(count)]));
  const granted =
    world.heard.presented().filter(({ grant, status }) => grant === 'refresh_token' && status === 200).length +
    world.load.connectors.flatMap(({ server }) =>
      server.tokenRequests.filter(({ grant, isGranted }) => grant === 'refresh_token' && isGranted),
    ).length;
  const refreshed = logged.get('credential.refreshed') ?? 0;
  const invented = `the audit log has ${refreshed} refreshes, the providers granted ${granted}`;
  const changes = [...world.ledger.counts()].flatMap(([action, { acknowledged, unknown }]) => {
    const found = logged.get(action) ?? 0;
    if (found >= acknowledged && (found <= acknowledged + unknown || ALSO_BY_OTHERS.has(action))) return [];
    return [`the audit log has ${found} of ${action}, acknowledged were ${acknowledged} (and ${unknown} not answered)`];
  });
  return refreshed <= granted ? changes : [...changes, invented];
}

/** Every call that a server heard is in the call log, but those whose replica was killed before it wrote them. */
export async function callComplaints(world: World, underWay: number): Promise<string[]> {
  const rows = await world.postgres.query<{ tool_name: string; calls: string; well: string }>(
    `select tool_name, count(*) as calls, count(*) filter (where outcome = 'ok') as well from calls
      where tool_name = any($1) and connector_id = any($2) group by tool_name`,
    [PLAIN_TOOLS, world.load.connectors.map(({ id }) => id)],
  );
  const heard = [...world.heard.calls.values()];
  const kills = world.replicas.flatMap((replica) => replica.kills);
  const isLost = (at: number): boolean => kills.some((kill) => at <= kill && at > kill - UNWRITTEN_MS);
  return PLAIN_TOOLS.flatMap((tool) => {
    const own = heard.filter((one) => one.tool === tool);
    const mayLack = own.filter(({ at }) => isLost(at)).length + underWay;
    const logged = Number(rows.find(({ tool_name: name }) => name === tool)?.calls ?? 0);
    const well = Number(rows.find(({ tool_name: name }) => name === tool)?.well ?? 0);
    if (well > own.length)
      return [`the call log has ${well} calls of ${tool} that went well, heard were ${own.length}`];
    if (logged + mayLack >= own.length) return [];
    return [`the call log has ${logged} calls of ${tool}, heard were ${own.length} (${mayLack} may be missing)`];
  });
}

export async function keyComplaints(world: World): Promise<string[]> {
  const { unreadable } = await world.api<{ unreadable: number }>('GET', 'keys');
  return unreadable === 0 ? [] : [`${unreadable} secrets cannot be read`];
}

export function logComplaints(world: World, seen: Set<string>): string[] {
  const fresh = world.replicas.flatMap(({ complaints }) => complaints).filter((line) => !seen.has(line));
  for (const line of fresh) seen.add(line);
  return fresh.map((line) => `LOG: ${line.slice(0, 1_500)}`);
}
