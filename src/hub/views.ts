// What whole pages need beyond single records, as one object beside the hub: summaries, the forecast, the list
// that an agent gets, news of changes.

import type { PageRequest } from '../store/records.ts';
import { type AgentConnectorState, credentialsFor, stateFor } from './agent-view.ts';
import type { Actor } from './audit.ts';
import type { ChangeFeed } from './change-feed.ts';
import { connectorAgents } from './connector-agents.ts';
import { getConnector } from './connectors.ts';
import { consentOf } from './consent.ts';
import type { HubContext } from './context.ts';
import { forecast } from './forecast.ts';
import { agentSummaries, connectorSummaries, connectorSummary, type ListQuery } from './summaries.ts';
import { createSyncAll } from './sync-all.ts';
import { type TryTool, tryTool } from './try-tool.ts';

export type Views = ReturnType<typeof createViews>;

export function createViews(context: HubContext, changes: ChangeFeed) {
  const sync = createSyncAll(context, () => changes.publish({ type: 'sync', id: null }));
  return {
    changes,
    sync,
    connectorSummaries: (query: ListQuery) => connectorSummaries(context, query),
    connectorSummary: async (id: string) => connectorSummary(context, await getConnector(context, id)),
    agentSummaries: (query: ListQuery) => agentSummaries(context, query),
    connectorAgents: (id: string, page: PageRequest) => connectorAgents(context, id, page),
    consent: async (id: string) => consentOf(context, await getConnector(context, id)),
    forecast: () => forecast(context),
    tryTool: (agentId: string, request: TryTool, actor: Actor) => tryTool(context, agentId, request, actor),
    /** What this agent may do now; null when it is disabled. */
    accessOf: (agentId: string) => {
      context.agentAccess.recheck();
      return context.agentAccess.byAgent(agentId);
    },
    /** The state of these connectors for this agent. */
    statesOf: async (agentId: string, ids: readonly string[]): Promise<ReadonlyMap<string, AgentConnectorState>> => {
      const connectors = await context.store.overview.connectors(ids);
      const credentials = await credentialsFor(context, agentId, connectors);
      return new Map(
        connectors.map((connector) => [
          connector.id,
          stateFor(connector, credentials.get(connector.id) ?? null, context.now()).state,
        ]),
      );
    },
    about: () => ({
      version: context.version,
      baseUrl: context.baseUrl,
      redirectUri: context.redirectUri,
      clientMetadataUrl: context.clientMetadataUrl,
      database: context.store.dialect,
      callLogDays: context.callLogDays,
    }),
    async close(): Promise<void> {
      changes.close();
      await sync.stop();
    },
  };
}
