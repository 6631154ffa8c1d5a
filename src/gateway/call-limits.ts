// How many calls one agent may make in a minute, and how many it and each connector may have under way at
// once, in this process. Judged before anything is sent, so that the agent may simply try again later.

import type { AgentAccess } from '../hub/agent-access.ts';
import { AGENT_CALLS_IN_FLIGHT_MAX, AGENT_STREAMS_MAX } from '../limits.ts';
import type { ConnectorRecord } from '../store/records.ts';
import { AgentRefusal, REFUSED } from './answers.ts';

const MINUTE_MS = 60_000;
/** Whoever was quiet for a minute is forgotten when the list gets this long. */
const COUNTED_MAX = 10_000;

type Use = { startedAt: number; calls: number; inFlight: number };

export type CallLimits = {
  /** Counts a call in; the answer counts it out of those under way. @throws AgentRefusal 429 with Retry-After */
  enter(access: AgentAccess, connector: ConnectorRecord): () => void;
  /** The same for a stream that stays open, whose end may be told more than once. */
  enterStream(agentId: string): () => void;
};

export function createCallLimits(now: () => number): CallLimits {
  const uses = new Map<string, Use>();
  const streams = new Map<string, number>();

  const countOf = (id: string): Use => {
    const at = now();
    let use = uses.get(id);
    if (use === undefined) {
      if (uses.size >= COUNTED_MAX) forgetQuiet(uses, at);
      use = { startedAt: at, calls: 0, inFlight: 0 };
      uses.set(id, use);
    }
    if (at - use.startedAt >= MINUTE_MS) {
      use.startedAt = at;
      use.calls = 0;
    }
    return use;
  };

  return {
    enterStream(agentId) {
      const open = streams.get(agentId) ?? 0;
      if (open >= AGENT_STREAMS_MAX)
        throw tooMany(`This agent holds ${AGENT_STREAMS_MAX} streams open; close one before it opens the next.`, 1);
      streams.set(agentId, open + 1);
      let isOpen = true;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        const left = (streams.get(agentId) ?? 1) - 1;
        if (left === 0) streams.delete(agentId);
        else streams.set(agentId, left);
      };
    },
    enter({ agent, limits }, connector) {
      const { callsPerMinute } = limits;
      const callsInFlight = limits.callsInFlight ?? AGENT_CALLS_IN_FLIGHT_MAX;
      const use = countOf(agent.id);
      if (callsPerMinute !== null && use.calls >= callsPerMinute) {
        const seconds = Math.max(1, Math.ceil((use.startedAt + MINUTE_MS - now()) / 1_000));
        throw tooMany(`This agent may make ${callsPerMinute} calls a minute; try again in ${seconds} s.`, seconds);
      }
      if (use.inFlight >= callsInFlight)
        throw tooMany(`This agent may have ${callsInFlight} calls under way; try again when one is done.`, 1);
      const counted = [use];
      const most = connector.limits.callsInFlight;
      if (most !== null) {
        const all = countOf(connector.id);
        if (all.inFlight >= most)
          throw tooMany(`${connector.name} takes ${most} calls at once; try again when one is done.`, 1);
        counted.push(all);
      }
      for (const one of counted) {
        one.calls += 1;
        one.inFlight += 1;
      }
      return () => {
        for (const one of counted.splice(0)) one.inFlight -= 1;
      };
    },
  };
}

function forgetQuiet(uses: Map<string, Use>, at: number): void {
  for (const [id, use] of uses) {
    if (use.inFlight === 0 && at - use.startedAt >= MINUTE_MS) uses.delete(id);
  }
}

function tooMany(message: string, seconds: number): AgentRefusal {
  return new AgentRefusal(429, REFUSED, message, {
    data: { retryAfterSeconds: seconds },
    headers: { 'retry-after': String(seconds) },
  });
}
