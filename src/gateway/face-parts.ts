// What both faces of the gateway do alike: look up the called tool, count the call, send it on.

import type { AccessTool } from '../hub/agent-access.ts';
import type { CallEntry } from '../hub/call-log.ts';
import { INVALID_PARAMS } from '../mcp/json-rpc.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { AgentCall, AgentRequest, Visit } from './agent-call.ts';
import { type AgentAnswer, AgentRefusal, resultResponse, shapeResult } from './answers.ts';
import { createCallCapture } from './call-capture.ts';
import type { CallLimits } from './call-limits.ts';
import { createCallMeter } from './call-meter.ts';
import type { Circuits, CircuitVerdict, Probe } from './circuits.ts';
import { resultOfFailure } from './failures.ts';
import type { ForwardingParts } from './forward.ts';
import { forward } from './forward.ts';
import type { CallableTool } from './offered-tools.ts';
import type { ServerFacts } from './server-facts.ts';

export type FaceParts = ForwardingParts & {
  readonly facts: ServerFacts;
  readonly limits: CallLimits;
  readonly circuits: Circuits;
  /** The tool list of whoever opened a stream, as of now; null when the key does not serve any more. */
  readonly toolsNow: (visit: Visit) => Promise<string | null>;
  /** Whether whoever opened a stream with this credential may still hear it. */
  readonly mayListen: (visit: Visit, credentialId: string | null) => Promise<boolean>;
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
  request.trace?.isFor(connector, tool);
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
  // A stream of changes may end at any time, and holds up whoever waits for its end.
  const isGuarded = connector.limits.breaker !== false && method !== 'subscriptions/listen';
  let probe: Probe | null = null;
  let leave = (): void => undefined;
  const meter = createCallMeter(
    entry,
    () => performance.now(),
    (finished, isFault) => {
      leave();
      if (isGuarded) parts.circuits.judge(connector, probe, verdictOn(finished, isFault));
      parts.record(finished);
    },
    connector.capture === 'redacted' && method === 'tools/call' ? createCallCapture(request.params.arguments) : null,
    request.trace,
  );
  try {
    if (isGuarded) probe = parts.circuits.enter(connector);
  } catch (error) {
    meter.ends('refused', 'circuit_open');
    return refused(parts, { ...request, connector, tool, meter }, error);
  }
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

function verdictOn({ outcome, upstreamMs }: CallEntry, isFault: boolean): CircuitVerdict {
  if (isFault) return 'fault';
  return outcome === 'cancelled' || outcome === 'refused' || upstreamMs === 0 ? 'nothing' : 'answered';
}

async function refused(parts: FaceParts, call: AgentCall, error: unknown): Promise<AgentAnswer> {
  const result = await resultOfFailure(parts, parts.missing, call, error);
  return resultResponse(call.id, shapeResult(call.era, result, parts.serverInfo));
}
