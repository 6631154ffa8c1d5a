// What both faces of the gateway do alike: look up the called tool, count the call, send it on.

import type { AccessTool } from '../hub/agent-access.ts';
import { INVALID_PARAMS } from '../mcp/json-rpc.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { AgentRequest, Visit } from './agent-call.ts';
import { type AgentAnswer, AgentRefusal } from './answers.ts';
import type { CallLimits } from './call-limits.ts';
import { createCallMeter } from './call-meter.ts';
import type { ForwardingParts } from './forward.ts';
import { forward } from './forward.ts';
import type { CallableTool } from './offered-tools.ts';
import type { ServerFacts } from './server-facts.ts';

export type FaceParts = ForwardingParts & {
  readonly facts: ServerFacts;
  readonly limits: CallLimits;
  /** The tool list of whoever opened a stream, as of now; null when the key does not serve any more. */
  readonly toolsNow: (visit: Visit) => Promise<string | null>;
};

/** The tool that a `tools/call` names. @throws AgentRefusal -32602, the same for a tool that is not granted and for none */
export function calledTool(
  parts: FaceParts,
  { access, endpoint, params }: AgentRequest,
): CallableTool | Promise<CallableTool> {
  const name = typeof params.name === 'string' ? params.name : '';
  const known = (found: CallableTool | null): CallableTool => {
    if (found === null) throw new AgentRefusal(200, INVALID_PARAMS, `Unknown tool: ${name.slice(0, 200)}`);
    return found;
  };
  const found = parts.offered.find(access, endpoint, name);
  return found instanceof Promise ? found.then(known) : known(found);
}

/** Sends a request to `connector`'s server, counted and measured. @throws AgentRefusal */
export function send(
  parts: FaceParts,
  request: AgentRequest,
  connector: ConnectorRecord,
  tool: AccessTool | null,
): Promise<AgentAnswer> {
  const { access, method, era, text } = request;
  const entry = {
    at: parts.context.now(),
    agentId: access.agent.id,
    keyId: access.keyId,
    connectorId: connector.id,
    toolName: tool?.name ?? null,
    method,
    toolDigest: tool?.digest ?? null,
    bytesIn: text.length,
    era,
  };
  let leave = (): void => undefined;
  const meter = createCallMeter(
    entry,
    () => performance.now(),
    (finished) => {
      leave();
      parts.record(finished);
    },
  );
  const isCall = method === 'tools/call';
  if (!isCall && method !== 'subscriptions/listen') return forward(parts, { ...request, connector, tool, meter });
  try {
    leave = isCall ? parts.limits.enter(access, connector) : parts.limits.enterStream(access.agent.id);
  } catch (error) {
    meter.ends('refused', 'too_many_calls');
    throw error;
  }
  const { timeoutSeconds } = connector.limits;
  if (timeoutSeconds === null || !isCall) return forward(parts, { ...request, connector, tool, meter });
  const hangUp = request.hangUp.child();
  const timer = setTimeout(
    () => hangUp.abort(new DOMException('Time is over.', 'TimeoutError')),
    timeoutSeconds * 1_000,
  );
  const leaveInTime = leave;
  leave = () => {
    clearTimeout(timer);
    leaveInTime();
  };
  return forward(parts, { ...request, hangUp, connector, tool, meter });
}
