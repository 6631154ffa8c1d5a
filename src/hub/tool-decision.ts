// Whether an agent may call a tool: the one answer, from records alone. What is listed to an agent, what it
// may call and what the page shows of it all come from here.

import type { ConnectorRecord, GrantRecord, ToolRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';

/** What one agent was granted. */
export type AgentGrants = {
  /** Tool names by connector id. */
  readonly tools: ReadonlyMap<string, ReadonlySet<string>>;
  /** Connectors of which the agent has all tools, new ones too. */
  readonly connectors: ReadonlySet<string>;
};

/** `held`: granted, but its definition changed and nobody has approved the change yet. */
export type ToolDecision = 'callable' | 'not_granted' | 'gone' | 'held';

export function decideTool(
  connector: Pick<ConnectorRecord, 'id' | 'toolReview'>,
  tool: Pick<ToolRecord, 'name' | 'state' | 'approvedDigest'>,
  grants: AgentGrants,
): ToolDecision {
  const granted = grants.connectors.has(connector.id) || grants.tools.get(connector.id)?.has(tool.name) === true;
  if (!granted) return 'not_granted';
  if (tool.state !== 'active') return 'gone';
  return isHeld(connector, tool) ? 'held' : 'callable';
}

/** A changed tool of a connector with `toolReview: hold` is callable by nobody. */
export function isHeld(
  connector: Pick<ConnectorRecord, 'toolReview'>,
  tool: Pick<ToolRecord, 'approvedDigest'>,
): boolean {
  return connector.toolReview === 'hold' && tool.approvedDigest !== null;
}

export async function readGrants(store: Store, agentId: string): Promise<AgentGrants> {
  const [tools, connectors] = await Promise.all([
    store.grants.listByAgent(agentId),
    store.grants.listConnectors(agentId),
  ]);
  return { tools: namesByConnector(tools), connectors: new Set(connectors) };
}

function namesByConnector(grants: readonly GrantRecord[]): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const { connectorId, toolName } of grants) {
    const known = names.get(connectorId);
    if (known === undefined) names.set(connectorId, new Set([toolName]));
    else known.add(toolName);
  }
  return names;
}
