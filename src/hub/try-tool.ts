// A tool tried by hand as one agent: with its grants, its credential, and nothing more than it may do itself.

import { ChatelaineError } from '../errors.ts';
import { callableTool } from './agent-access.ts';
import { getAgent } from './agents.ts';
import type { Actor } from './audit.ts';
import { getConnector } from './connectors.ts';
import type { HubContext } from './context.ts';
import { type TryRequest, type TryResult, tryRequest } from './try-request.ts';

export type TryTool = {
  readonly connectorId: string;
  readonly tool: string;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
} & Pick<TryRequest, 'inputResponses' | 'requestState' | 'elicitation'>;

/** @throws not_found, forbidden for a tool that this agent may not call now; what tryRequest throws */
export async function tryTool(
  context: HubContext,
  agentId: string,
  { connectorId, tool, arguments: given, ...rest }: TryTool,
  actor: Actor,
): Promise<TryResult & { readonly durationMs: number }> {
  const agent = await getAgent(context, agentId);
  const connector = await getConnector(context, connectorId);
  context.agentAccess.recheck();
  const access = await context.agentAccess.byAgent(agent.id);
  if (access === null) throw new ChatelaineError('forbidden', `${agent.name} is disabled; enable it to try its tools.`);
  if (callableTool(access, connector.key, tool) === null) {
    throw new ChatelaineError(
      'forbidden',
      `${agent.name} may not call this tool of ${connector.name}: it was not granted, is gone, or waits for approval.`,
      { details: { field: 'tool' } },
    );
  }
  const startedAt = performance.now();
  const result = await tryRequest(
    context,
    connector,
    { ...rest, method: 'tools/call', params: { name: tool, arguments: given ?? {} }, agentId: agent.id },
    actor,
  );
  return { ...result, durationMs: Math.round(performance.now() - startedAt) };
}
