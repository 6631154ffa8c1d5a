// The way of one request from an agent to a server: unparsed where both speak alike, translated otherwise,
// and from every failure to an answer that the agent's revision knows.

import type { HangUp } from '../hang-up.ts';
import type { JsonObject } from '../mcp/json.ts';
import { INTERNAL_ERROR } from '../mcp/json-rpc.ts';
import type { AgentCall, GatewayParts } from './agent-call.ts';
import type { FinalAnswer } from './agent-stream.ts';
import { createAgentStream } from './agent-stream.ts';
import { type AgentAnswer, AgentRefusal, errorObject, resultResponse, shapeResult } from './answers.ts';
import { codeOfFailure, isServerFault, isTimeout, resultOfFailure } from './failures.ts';
import type { Mailbox } from './mailbox.ts';
import type { MissingCredentials } from './missing-credential.ts';
import { passThrough } from './pass-through.ts';
import type { LegacyRelay } from './relay-legacy.ts';
import { canRelayModern, relayModern } from './relay-modern.ts';
import { translate } from './translate.ts';

export type ForwardingParts = GatewayParts & {
  readonly missing: MissingCredentials;
  readonly relay: LegacyRelay;
  /** Translated requests under way, so that another request can cancel them. */
  readonly underWay: Map<string, HangUp>;
  readonly mailbox: Mailbox;
};

/** Where a request under way is found by the notification that cancels it. */
export function placeOf({ access, session, id }: Pick<AgentCall, 'access' | 'session' | 'id'>): string {
  return JSON.stringify([access.agent.id, session?.nonce ?? '', id]);
}

/** The address of the word that the agent waits no longer. */
export function cancellationOf(place: string): string {
  return `cancel ${place}`;
}

/** Sends the request on. @throws AgentRefusal */
export async function forward(parts: ForwardingParts, call: AgentCall): Promise<AgentAnswer> {
  const { meter } = call;
  try {
    const relayed = await relay(parts, call);
    if (relayed !== null) return relayed;
  } catch (error) {
    const isCancelled = call.hangUp.aborted && !isTimeout(call.hangUp.reason);
    meter.ends(isCancelled ? 'cancelled' : 'error', codeOfFailure(error), !isCancelled && isServerFault(error));
    const result = await resultOfFailure(parts, parts.missing, call, error);
    return resultResponse(call.id, shapeResult(call.era, result, parts.serverInfo));
  }
  return translated(parts, call);
}

/** The server's own bytes; null when the request must be translated, or the server asked what it speaks. */
async function relay(parts: ForwardingParts, call: AgentCall): Promise<AgentAnswer | null> {
  const { connections } = parts;
  if (canRelayModern(parts, call)) {
    const response = await relayModern(parts, call);
    if (response === null) connections.doubt(call.connector);
    return response;
  }
  if (call.session === null || call.endpoint === null || !parts.relay.serves(call.connector, call.session)) return null;
  const { access, connector, session, hangUp, meter, trace } = call;
  const target = { agentId: access.agent.id, connector, session, hangUp, meter, trace };
  const answer = await parts.relay.post(target, call.id, call.text);
  if (answer === null) connections.doubt(connector);
  return answer === null ? null : passThrough(answer, call);
}

async function translated(parts: ForwardingParts, call: AgentCall): Promise<AgentAnswer> {
  const hangUp = call.hangUp.child();
  const { signal } = hangUp;
  const place = placeOf(call);
  parts.underWay.set(place, hangUp);
  // Only an older agent cancels by another request.
  const unlisten =
    call.session === null ? undefined : parts.mailbox.listen(cancellationOf(place), () => hangUp.abort(gone()));
  const stream = createAgentStream(call.access.agent.id, parts.questions, signal, () => hangUp.abort(gone()));
  const finish = (message: JsonObject, status = 200, headers: FinalAnswer['headers'] = {}): FinalAnswer => {
    const text = JSON.stringify({ jsonrpc: '2.0', id: call.id, ...message });
    call.meter.sent(text);
    return { text, status, headers };
  };
  const final = translate(parts, call, stream.peer, signal)
    .then(
      (result) => ({
        result,
        outcome: result.isError === true ? ('tool_error' as const) : ('ok' as const),
        code: null,
        isFault: false,
      }),
      async (error: unknown) => {
        const isLate = isTimeout(signal.reason);
        const isCancelled = signal.aborted && !isLate;
        const cause = isCancelled ? gone() : isLate ? signal.reason : error;
        const result = await resultOfFailure(parts, parts.missing, call, cause).catch(asRefusal);
        const outcome = isCancelled ? ('cancelled' as const) : ('error' as const);
        return { result, outcome, code: codeOfFailure(cause), isFault: !isCancelled && isServerFault(cause) };
      },
    )
    .then(({ result, outcome, code, isFault }) => {
      const answer =
        result instanceof AgentRefusal
          ? finish({ error: errorObject(result.code, result.message, result.data) }, result.status, result.headers)
          : finish({ result: shapeResult(call.era, result, parts.serverInfo) });
      call.meter.ends(outcome, code, isFault);
      return answer;
    })
    .finally(() => {
      parts.underWay.delete(place);
      unlisten?.();
    });
  return stream.respond(final);
}

function asRefusal(error: unknown): AgentRefusal {
  return error instanceof AgentRefusal
    ? error
    : new AgentRefusal(200, INTERNAL_ERROR, 'Something went wrong in the hub.');
}

function gone(): AgentRefusal {
  return new AgentRefusal(200, -32001, 'The request was cancelled.');
}
