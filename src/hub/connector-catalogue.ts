// The connectors with their tools as calls need them: read once, definitions parsed once, shared by all
// agents. An entry holds for one access revision; tools that did not change are taken over from before.

import type { ToolDefinition } from '../mcp/types.ts';
import type { ConnectorRecord, ToolRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { AgentGrants } from './tool-decision.ts';
import { decideTool } from './tool-decision.ts';

export type AccessTool = ToolRecord & { readonly parsed: ToolDefinition };
export type AccessConnector = {
  readonly connector: ConnectorRecord;
  /** Exactly the callable ones, by name, in the server's order. */
  readonly tools: ReadonlyMap<string, AccessTool>;
};

type Entry = {
  readonly revision: number;
  readonly connector: ConnectorRecord;
  readonly tools: readonly AccessTool[];
  /** Agents with the same grants share one selection. */
  readonly selections: Map<string, AccessConnector>;
};

export type ConnectorCatalogue = {
  /** What `grants` permit at one connector as of `revision`; null when the connector is gone. */
  select(connectorId: string, revision: number, grants: AgentGrants): Promise<AccessConnector | null>;
};

const MAX_CONNECTORS = 1_000;
const MAX_SELECTIONS = 10_000;
/** No tool name holds it, so joined names have one reading. */
const NAME_SEPARATOR = '\n';
const EVERY_TOOL = NAME_SEPARATOR;

export function createConnectorCatalogue(store: Store): ConnectorCatalogue {
  const entries = new Map<string, Entry>();
  const loading = new Map<string, Promise<Entry | null>>();

  const load = async (connectorId: string, revision: number): Promise<Entry | null> => {
    const known = entries.get(connectorId);
    const connector = await store.connectors.get(connectorId);
    entries.delete(connectorId);
    if (connector === null) return null;
    const unchanged = known?.connector.toolsRevision === connector.toolsRevision;
    const tools = unchanged ? known.tools : parsed(await store.tools.list(connectorId, ''), known?.tools ?? []);
    const entry: Entry = { revision, connector, tools, selections: new Map() };
    entries.set(connectorId, entry);
    const [oldest] = entries.keys();
    if (entries.size > MAX_CONNECTORS && oldest !== undefined) entries.delete(oldest);
    return entry;
  };

  const entryOf = async (connectorId: string, revision: number): Promise<Entry | null> => {
    const known = entries.get(connectorId);
    if (known !== undefined && known.revision === revision) return known;
    const name = `${connectorId} ${revision}`;
    const running = loading.get(name);
    if (running !== undefined) return running;
    const started = load(connectorId, revision).finally(() => loading.delete(name));
    loading.set(name, started);
    return started;
  };

  return {
    async select(connectorId, revision, grants) {
      const entry = await entryOf(connectorId, revision);
      if (entry === null) return null;
      const key = selectionKey(connectorId, grants);
      const known = entry.selections.get(key);
      if (known !== undefined) return known;
      const callable = entry.tools.filter((tool) => decideTool(entry.connector, tool, grants) === 'callable');
      const selection = { connector: entry.connector, tools: new Map(callable.map((tool) => [tool.name, tool])) };
      if (entry.selections.size >= MAX_SELECTIONS) entry.selections.clear();
      entry.selections.set(key, selection);
      return selection;
    },
  };
}

function selectionKey(connectorId: string, grants: AgentGrants): string {
  if (grants.connectors.has(connectorId)) return EVERY_TOOL;
  return [...(grants.tools.get(connectorId) ?? [])].sort().join(NAME_SEPARATOR);
}

function parsed(tools: readonly ToolRecord[], before: readonly AccessTool[]): readonly AccessTool[] {
  const definitions = new Map(before.map((tool) => [tool.digest, tool.parsed]));
  return tools.map((tool) => ({
    ...tool,
    parsed: definitions.get(tool.digest) ?? (JSON.parse(tool.definition) as ToolDefinition),
  }));
}
