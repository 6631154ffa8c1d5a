// Which tools an agent may call. A grant names a connector and a tool; it outlives the tool's absence. Beside
// it stands the grant of a whole connector, which takes in every tool that it has or will have.

import { parseOfferedToolName } from '../mcp/tool-name.ts';
import type { AgentRecord, ConnectorRecord, GrantRecord } from '../store/records.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import { invalid } from './connector-input.ts';
import type { HubContext } from './context.ts';

/**
 * Makes the agent's grants exactly these, named `mcp__{key}__{tool}`.
 *
 * @throws invalid_request naming the first tool that does not exist; nothing is changed then
 */
export async function setGrants(
  context: HubContext,
  agent: AgentRecord,
  names: readonly string[],
  actor: Actor,
): Promise<void> {
  const before = await context.store.grants.listByAgent(agent.id);
  const connectors = new Map<string, { connector: ConnectorRecord; tools: ReadonlySet<string> } | null>();
  const wanted = new Map<string, GrantRecord>();
  for (const [index, name] of names.entries()) {
    const field = `tools[${index}]`;
    const parsed = parseOfferedToolName(name);
    if (parsed === null)
      throw invalid(field, `${JSON.stringify(name.slice(0, 200))} is not of the form mcp__{connector key}__{tool}.`);
    let known = connectors.get(parsed.key);
    if (known === undefined) {
      const connector = await context.store.connectors.getByKey(parsed.key);
      known =
        connector === null
          ? null
          : { connector, tools: new Set((await context.store.tools.list(connector.id, '')).map((tool) => tool.name)) };
      connectors.set(parsed.key, known);
    }
    if (known === null) throw invalid(field, `there is no connector with the key ${parsed.key}.`);
    const had = before.some((grant) => grant.connectorId === known.connector.id && grant.toolName === parsed.tool);
    if (!known.tools.has(parsed.tool) && !had)
      throw invalid(field, `${known.connector.name} has no tool ${JSON.stringify(parsed.tool.slice(0, 200))}.`);
    wanted.set(`${known.connector.id} ${parsed.tool}`, {
      agentId: agent.id,
      connectorId: known.connector.id,
      toolName: parsed.tool,
    });
  }
  await context.store.grants.replace(agent.id, [...wanted.values()]);
  context.agentAccess.recheck();
  const had = new Set(before.map((grant) => `${grant.connectorId} ${grant.toolName}`));
  const added = [...wanted.keys()].filter((id) => !had.has(id)).length;
  const removed = [...had].filter((id) => !wanted.has(id)).length;
  await audit(context, actor, 'grants.changed', { agentId: agent.id, detail: { added, removed, total: wanted.size } });
}

/** Gives the agent all tools of a connector, new ones too, or takes that back; single grants stay as they are. */
export async function setAllTools(
  context: HubContext,
  agent: AgentRecord,
  connector: ConnectorRecord,
  allTools: boolean,
  actor: Actor,
): Promise<void> {
  await context.store.grants.setConnector(agent.id, connector.id, allTools);
  context.agentAccess.recheck();
  await audit(context, actor, 'grants.changed', {
    agentId: agent.id,
    connectorId: connector.id,
    detail: { allTools },
  });
}
