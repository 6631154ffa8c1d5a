// What one agent can do with each connector: the state of exactly its credential, with the reason, and
// the tools with what it was granted. Without a credential nothing is on offer.

import { ChatelaineError } from '../errors.ts';
import { PAGE_LIMIT_MAX } from '../limits.ts';
import { offeredToolName } from '../mcp/tool-name.ts';
import type { AgentRecord, ConnectorRecord, ToolRecord } from '../store/records.ts';
import type { CredentialFacts } from '../store/store.ts';
import type { HubContext } from './context.ts';
import { type AgentGrants, decideTool, isHeld, readGrants } from './tool-decision.ts';

export type AgentConnectorState =
  | 'usable'
  | 'connect_required'
  | 'secret_required'
  | 'reauthorization_required'
  | 'needs_scope'
  | 'error';

export type AgentTool = {
  readonly name: string;
  /** Under this name the agent calls it: `mcp__{key}__{tool}`. */
  readonly offeredName: string;
  readonly title: string | null;
  readonly description: string | null;
  readonly granted: boolean;
  /** Its definition changed; nobody may call it until a person has approved the change. */
  readonly held: boolean;
  readonly state: ToolRecord['state'];
};

export type AgentConnector = {
  readonly connectorId: string;
  readonly connectorKey: string;
  readonly name: string;
  readonly authType: ConnectorRecord['authType'];
  readonly credentialMode: ConnectorRecord['credentialMode'];
  readonly state: AgentConnectorState;
  readonly reason: string | null;
  /** All tools, new ones too. */
  readonly allTools: boolean;
  readonly tools: readonly AgentTool[];
};

/** The state of this agent at this connector, from the records alone: nobody is asked. */
export function stateFor(
  connector: ConnectorRecord,
  credential: CredentialFacts | null,
  now: number,
): { state: AgentConnectorState; reason: string | null } {
  if (connector.authType === 'none') return serverState(connector);
  if (credential === null) {
    if (connector.authType !== 'oauth') return { state: 'secret_required', reason: 'no secret was entered yet' };
    if (connector.oauth?.grant === 'client_credentials' && connector.sealedClient !== null)
      return serverState(connector);
    return { state: 'connect_required', reason: 'not connected yet' };
  }
  if (credential.state === 'reauthorization_required')
    return { state: 'reauthorization_required', reason: credential.reason };
  if (credential.expiresAt !== null && credential.expiresAt <= now) {
    if (!credential.refreshable) {
      return { state: 'reauthorization_required', reason: 'the access token expired and there is no refresh token' };
    }
    // Not failed yet, only due: the next use refreshes it.
    if (credential.refreshFailures > 0) return { state: 'error', reason: credential.reason };
  }
  if (credential.state === 'needs_scope')
    return {
      state: 'needs_scope',
      reason: `${credential.reason ?? 'more scope is needed'}: ${credential.missingScope ?? ''}`.trim(),
    };
  if (credential.kind === 'static' && credential.reason !== null) return { state: 'error', reason: credential.reason };
  return serverState(connector);
}

/** Of the server alone. */
export function serverState(connector: ConnectorRecord): { state: AgentConnectorState; reason: string | null } {
  const fault = connector.reachability?.reachable === false ? connector.reachability.error : null;
  return fault === null ? { state: 'usable', reason: null } : { state: 'error', reason: fault.message };
}

function agentTool(connector: ConnectorRecord, tool: Omit<ToolRecord, 'listedBy'>, grants: AgentGrants): AgentTool {
  const definition = JSON.parse(tool.definition) as { title?: unknown; description?: unknown };
  return {
    name: tool.name,
    offeredName: offeredToolName(connector.key, tool.name),
    title: typeof definition.title === 'string' ? definition.title : null,
    description: typeof definition.description === 'string' ? definition.description : null,
    granted: decideTool(connector, tool, grants) !== 'not_granted',
    held: isHeld(connector, tool),
    state: tool.state,
  };
}

/** One row for each connector, in the order of their making. */
export async function agentConnectors(
  context: HubContext,
  agent: AgentRecord,
  page: { limit: number; cursor?: string | undefined } = { limit: PAGE_LIMIT_MAX },
): Promise<{ items: readonly AgentConnector[]; nextCursor: string | null }> {
  const { items, nextCursor } = await context.store.connectors.list(page);
  return { items: await rowsOf(context, agent, items), nextCursor };
}

/** The row of one connector. */
export async function agentConnector(
  context: HubContext,
  agent: AgentRecord,
  connector: ConnectorRecord,
): Promise<AgentConnector> {
  const [row] = await rowsOf(context, agent, [connector]);
  if (row === undefined) throw new ChatelaineError('internal_error', 'A connector could not be shown.');
  return row;
}

/** The credential with which this agent would call each connector. */
export async function credentialsFor(
  { store }: HubContext,
  agentId: string,
  connectors: readonly ConnectorRecord[],
): Promise<ReadonlyMap<string, CredentialFacts>> {
  const ids = (own: boolean) =>
    connectors.filter(({ credentialMode }) => (credentialMode === 'per_agent') === own).map(({ id }) => id);
  const [own, shared] = await Promise.all([
    store.overview.own([agentId], ids(true)),
    store.overview.shared(ids(false)),
  ]);
  const active = [...own, ...shared].filter(({ slot }) => slot === 'active');
  return new Map(active.map((credential) => [credential.connectorId, credential]));
}

async function rowsOf(
  context: HubContext,
  agent: AgentRecord,
  connectors: readonly ConnectorRecord[],
): Promise<readonly AgentConnector[]> {
  const [grants, credentials, tools] = await Promise.all([
    readGrants(context.store, agent.id),
    credentialsFor(context, agent.id, connectors),
    context.store.overview.tools(connectors.map(({ id }) => id)),
  ]);
  const toolsOf = Map.groupBy(tools, ({ connectorId }) => connectorId);
  return connectors.map((connector) => {
    const state = stateFor(connector, credentials.get(connector.id) ?? null, context.now());
    // Without a credential nothing is on offer; what was granted before is still told, so that no edit loses it.
    const offered = state.state !== 'connect_required' && state.state !== 'secret_required';
    const single = grants.tools.get(connector.id);
    return {
      connectorId: connector.id,
      connectorKey: connector.key,
      name: connector.name,
      authType: connector.authType,
      credentialMode: connector.credentialMode,
      ...state,
      allTools: grants.connectors.has(connector.id),
      tools: (toolsOf.get(connector.id) ?? [])
        .map((tool) => agentTool(connector, tool, grants))
        .filter((tool) => single?.has(tool.name) || ((offered || tool.granted) && tool.state === 'active')),
    };
  });
}
