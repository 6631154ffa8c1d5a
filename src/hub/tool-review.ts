// Tools whose definition changed after an agent was granted them: what changed, and a person's approval of
// exactly the definition that the person saw. A server must not turn an agent by rewriting its tools.

import { ChatelaineError } from '../errors.ts';
import { canonicalJson } from '../mcp/canonical-json.ts';
import type { ToolDefinition } from '../mcp/types.ts';
import type { ConnectorRecord, ToolRecord } from '../store/records.ts';
import type { Actor } from './audit.ts';
import { audit } from './audit.ts';
import type { HubContext } from './context.ts';
import { isHeld } from './tool-decision.ts';

export type ToolChange = {
  /** The definition that was approved last, and the one that the server sends now. */
  readonly before: ToolDefinition;
  readonly after: ToolDefinition;
  /** Names of the fields of the definition that differ, sorted. */
  readonly fields: readonly string[];
};

export type ReviewedTool = {
  readonly tool: ToolRecord;
  readonly definition: ToolDefinition;
  readonly held: boolean;
  /** null: nothing waits to be looked at. */
  readonly change: ToolChange | null;
};

export function reviewOf(connector: ConnectorRecord, tool: ToolRecord): ReviewedTool {
  const definition = JSON.parse(tool.definition) as ToolDefinition;
  const before = tool.approvedDefinition === null ? null : (JSON.parse(tool.approvedDefinition) as ToolDefinition);
  return {
    tool,
    definition,
    held: isHeld(connector, tool),
    change: before === null ? null : { before, after: definition, fields: differingFields(before, definition) },
  };
}

function differingFields(before: ToolDefinition, after: ToolDefinition): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => canonicalJson(before[name]) !== canonicalJson(after[name])).sort();
}

/**
 * Approves the change of one tool; agents that were granted it may call it from now on.
 *
 * @param digest of the definition that the person saw; null takes the one that is stored now
 * @throws not_found; outdated_write when the server has changed the tool again since
 */
export async function approveTool(
  context: HubContext,
  connector: ConnectorRecord,
  name: string,
  digest: string | null,
  actor: Actor,
): Promise<ReviewedTool> {
  const tool = await context.store.tools.get(connector.id, name);
  if (tool === null) throw new ChatelaineError('not_found', 'This connector has no such tool.');
  const seen = digest ?? tool.digest;
  if (seen !== tool.digest) throw changedAgain();
  if (tool.approvedDigest !== null) {
    if (!(await context.store.tools.approve(connector.id, name, seen))) throw changedAgain();
    context.agentAccess.recheck();
    await audit(context, actor, 'tool.approved', {
      connectorId: connector.id,
      detail: { tool: name, digest: seen, formerDigest: tool.approvedDigest },
    });
  }
  return reviewOf(connector, { ...tool, approvedDigest: null, approvedDefinition: null });
}

function changedAgain(): ChatelaineError {
  return new ChatelaineError(
    'outdated_write',
    'The tool is not (or no longer) the one that was looked at; read it again and approve what it says now.',
    { details: { field: 'digest' } },
  );
}
