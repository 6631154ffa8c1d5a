// What the server behind `/mcp/{key}` says it can do, for the greeting of an agent. It is asked with the
// agent's own credential and waited for shortly: an agent is greeted even while its server is not there.

import { withCredential } from '../hub/refused-credential.ts';
import { createRecorder } from '../hub/transcript.ts';
import { GREETING_WAIT_MS, SERVER_FACTS_LIFETIME_MS } from '../limits.ts';
import type { JsonObject } from '../mcp/json.ts';
import { isObject } from '../mcp/json.ts';
import { isModern } from '../mcp/revisions.ts';
import type { ConnectorRecord } from '../store/records.ts';
import type { GatewayParts } from './agent-call.ts';
import type { Era } from './answers.ts';
import { areTasksOwned, withoutTasks } from './tasks.ts';

const FACTS_MAX = 5_000;
/** What every revision has; the rest means something else on the other side of 2026-07-28. */
const SHARED = ['tools', 'resources', 'prompts', 'completions', 'logging'];

export type Facts = { readonly era: Era; readonly capabilities: JsonObject; readonly instructions: string | null };
export type ServerFacts = (agentId: string, connector: ConnectorRecord) => Promise<Facts | null>;

/** Asks each server once a minute for each credential at most; null when it could not be asked in time. */
export function createServerFacts({
  context,
  connections,
}: Pick<GatewayParts, 'context' | 'connections'>): ServerFacts {
  const known = new Map<string, { readonly facts: Promise<Facts | null>; readonly until: number }>();

  const ask = (agentId: string, connector: ConnectorRecord): Promise<Facts | null> => {
    const scope = { agentId, session: null, capabilities: {} };
    const asked = withCredential(
      context,
      connector,
      agentId,
      () => createRecorder(context, 'request'),
      {},
      (resolved) =>
        connections.use(connector, resolved, scope, async (upstream): Promise<Facts> => {
          const { capabilities, instructions, protocol } = upstream;
          if (!isModern(protocol.version)) return { era: 'legacy', capabilities, instructions };
          const said = await upstream.request('server/discover');
          return {
            era: 'modern',
            capabilities: isObject(said.capabilities) ? said.capabilities : {},
            instructions: typeof said.instructions === 'string' ? said.instructions : null,
          };
        }),
    );
    return asked.catch(() => null);
  };

  return async (agentId, connector) => {
    const now = context.now();
    const key = `${connector.id} ${connector.credentialMode === 'per_agent' ? agentId : ''}`;
    let entry = known.get(key);
    if (entry === undefined || entry.until <= now) {
      if (known.size >= FACTS_MAX) known.clear();
      entry = { facts: ask(agentId, connector), until: now + SERVER_FACTS_LIFETIME_MS };
      known.set(key, entry);
      void entry.facts.then((facts) => (facts === null ? known.delete(key) : undefined));
    }
    return orNothing(entry.facts);
  };
}

/** The capabilities that an agent of `era` may rely on at a server that told `facts`. */
export function offeredCapabilities(facts: Facts | null, era: Era, connector?: ConnectorRecord): JsonObject {
  const areTheirs = connector !== undefined && areTasksOwned(connector);
  const said = areTheirs ? (facts?.capabilities ?? {}) : withoutTasks(facts?.capabilities ?? {});
  const passed = facts?.era === era ? said : Object.fromEntries(SHARED.map((name) => [name, said[name]]));
  const resources = isObject(passed.resources) && facts?.era !== era ? { resources: {} } : {};
  // The tool list is the gateway's own, and changes with what is granted.
  const all = { ...passed, ...resources, tools: { listChanged: true } };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** The outcome, or null after a wait that nobody greets longer than. */
function orNothing<T>(work: Promise<T | null>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), GREETING_WAIT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
