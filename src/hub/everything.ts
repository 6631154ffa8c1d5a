// All connectors with whatever their state follows from, read by a handful of queries however many there are:
// for lists, for the forecast, for monitoring.

import type { AgentRecord, ConnectorRecord } from '../store/records.ts';
import type { CredentialFacts, GrantedPair } from '../store/store.ts';
import { type AgentConnectorState, stateFor } from './agent-view.ts';
import type { HubContext } from './context.ts';

/** Far more than anybody has; a page with more rows is no use to a person. */
const MOST = 10_000;

export type ConnectorFacts = {
  readonly connector: ConnectorRecord;
  readonly tools: number;
  readonly changedTools: number;
  /** Of the connector, where all agents share one. */
  readonly shared: CredentialFacts | null;
  /** By agent, where each has its own. */
  readonly own: ReadonlyMap<string, CredentialFacts>;
  /** Agents that were granted anything. */
  readonly granted: readonly GrantedPair[];
};

export type Everything = {
  readonly connectors: readonly ConnectorFacts[];
  readonly agents: ReadonlyMap<string, AgentRecord>;
};

/** @throws store_unavailable */
export async function readEverything(context: HubContext): Promise<Everything> {
  const { store } = context;
  const { items } = await store.connectors.list({ limit: MOST });
  const [agents, credentials, granted, changed, counts] = await Promise.all([
    store.agents.list({ limit: MOST }),
    store.overview.credentials(),
    store.overview.granted(),
    store.overview.changedTools(),
    store.tools.counts(items.map(({ id }) => id)),
  ]);
  const credentialsOf = Map.groupBy(credentials, ({ connectorId }) => connectorId);
  const grantedOf = Map.groupBy(granted, ({ connectorId }) => connectorId);
  const changedOf = new Map(changed.map(({ connectorId, count }) => [connectorId, count]));
  const connectors = items.map((connector) => {
    const held = credentialsOf.get(connector.id) ?? [];
    const own = held.flatMap((each) => (each.agentId === null ? [] : [[each.agentId, each] as const]));
    return {
      connector,
      tools: counts.get(connector.id) ?? 0,
      changedTools: changedOf.get(connector.id) ?? 0,
      shared: held.find(({ agentId }) => agentId === null) ?? null,
      own: new Map(own),
      granted: grantedOf.get(connector.id) ?? [],
    };
  });
  return { connectors, agents: new Map(agents.items.map((agent) => [agent.id, agent])) };
}

/** The credential with which this agent would call, or null. */
export function credentialOf(facts: ConnectorFacts, agentId: string): CredentialFacts | null {
  return facts.connector.credentialMode === 'per_agent' ? (facts.own.get(agentId) ?? null) : facts.shared;
}

/** What the connector is for those who use it: where each agent has its own credential, the worst of them. */
export function overallState(
  facts: ConnectorFacts,
  now: number,
): { state: AgentConnectorState; reason: string | null } {
  const { connector, shared, own } = facts;
  if (connector.credentialMode !== 'per_agent') return stateFor(connector, shared, now);
  if (own.size === 0) return stateFor(connector, null, now);
  const states = [...own.values()].map((credential) => stateFor(connector, credential, now));
  const broken = states.filter(({ state }) => state !== 'usable');
  const [first] = broken;
  if (first === undefined) return { state: 'usable', reason: null };
  const all = broken.length === states.length;
  const which = all ? first.reason : `${broken.length} of ${states.length} agents: ${first.reason ?? first.state}`;
  return { state: first.state, reason: which };
}
