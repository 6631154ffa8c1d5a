// The agents of one connector: which may use it, which can, which need a person.

import type { AgentRecord, Page, PageRequest } from '../store/records.ts';
import type { CredentialFacts } from '../store/store.ts';
import { type AgentConnectorState, stateFor } from './agent-view.ts';
import { getConnector } from './connectors.ts';
import type { HubContext } from './context.ts';

export type ConnectorAgent = {
  readonly agent: AgentRecord;
  readonly state: AgentConnectorState;
  readonly reason: string | null;
  /** Single tools, beside `allTools`. */
  readonly granted: number;
  readonly allTools: boolean;
  /** Its own one; null where there is none, and where all agents share one. */
  readonly credential: CredentialFacts | null;
};

/** A row for each agent, in the order of their making. @throws not_found */
export async function connectorAgents(
  context: HubContext,
  connectorId: string,
  page: PageRequest,
): Promise<Page<ConnectorAgent>> {
  const { store } = context;
  const connector = await getConnector(context, connectorId);
  const { items, nextCursor } = await store.agents.list(page);
  const ids = items.map(({ id }) => id);
  const [own, shared, granted] = await Promise.all([
    store.overview.own(ids, [connector.id]),
    store.overview.shared([connector.id]),
    store.overview.granted(ids, connector.id),
  ]);
  const active = new Map(
    [...own, ...shared].filter(({ slot }) => slot === 'active').map((each) => [each.agentId, each]),
  );
  const pairs = new Map(granted.map((each) => [each.agentId, each]));
  const perAgent = connector.credentialMode === 'per_agent';
  const rows = items.map((agent) => {
    const credential = active.get(perAgent ? agent.id : null) ?? null;
    return {
      agent,
      ...stateFor(connector, credential, context.now()),
      granted: pairs.get(agent.id)?.tools ?? 0,
      allTools: pairs.get(agent.id)?.all ?? false,
      credential: perAgent ? credential : null,
    };
  });
  return { items: rows, nextCursor };
}
