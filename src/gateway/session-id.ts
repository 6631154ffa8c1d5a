// The session ids of agents on the older revisions (MCP 2025-03-26 to 2025-11-25). Nothing is kept for a
// session: its id is a sealed text that holds what a later request needs, so that any replica on the same
// keys can answer it. It proves no identity; the agent's key does, and the id opens for that agent alone.

import { AGENT_SESSION_LIFETIME_MS, AGENT_SESSIONS_MAX } from '../limits.ts';
import type { JsonObject } from '../mcp/json.ts';
import { Secret } from '../secret.ts';
import type { Vault } from '../vault/seal.ts';

/** Larger declarations would not fit a header; what they name is kept, their details are not. */
const CAPABILITIES_MAX_CHARACTERS = 2_000;

export type AgentSession = {
  readonly nonce: string;
  /** The connector key of the endpoint; null for the one with every tool. */
  readonly endpoint: string | null;
  readonly version: string;
  readonly capabilities: JsonObject;
  readonly clientInfo: JsonObject;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The session at the server that was begun together with this one. */
  readonly upstream: UpstreamSession | null;
};

export type UpstreamSession = {
  readonly credentialId: string | null;
  /** null: the server keeps none. */
  readonly sessionId: string | null;
  readonly version: string;
};

export type SessionIds = {
  seal(agentId: string, session: Omit<AgentSession, 'nonce' | 'expiresAt'>): Promise<string>;
  /** null for an id that is none, is another agent's, has expired or was ended. */
  open(agentId: string, endpoint: string | null, id: string): AgentSession | null | Promise<AgentSession | null>;
  end(agentId: string, id: string): void;
};

export type LogLevels = Pick<Map<string, string>, 'get' | 'set'>;

/** Kept in this process alone: an agent that comes to another replica hears no log there until it asks again. */
export function createLogLevels(): LogLevels {
  const levels = new Map<string, string>();
  return {
    get: (nonce) => levels.get(nonce),
    set(nonce, level) {
      if (levels.size >= AGENT_SESSIONS_MAX) levels.delete(levels.keys().next().value ?? '');
      return levels.set(nonce, level);
    },
  };
}

export function createSessionIds(vault: Vault, now: () => number): SessionIds {
  /** By id; without a session once it was ended. */
  const known = new Map<string, { readonly agentId: string; readonly session: AgentSession | null }>();
  const keep = (agentId: string, id: string, session: AgentSession | null): void => {
    if (known.size >= AGENT_SESSIONS_MAX) known.delete(known.keys().next().value ?? '');
    known.set(id, { agentId, session });
  };
  const ifValid = (session: AgentSession | null, endpoint: string | null): AgentSession | null =>
    session !== null && session.endpoint === endpoint && session.expiresAt > now() ? session : null;
  const place = (agentId: string) => ({ kind: 'gateway.session', id: agentId });

  return {
    async seal(agentId, given) {
      const isLarge = JSON.stringify(given.capabilities).length > CAPABILITIES_MAX_CHARACTERS;
      const session: AgentSession = {
        ...given,
        capabilities: isLarge ? namesOf(given.capabilities) : given.capabilities,
        nonce: crypto.randomUUID(),
        expiresAt: now() + AGENT_SESSION_LIFETIME_MS,
      };
      const id = await vault.seal(new Secret(JSON.stringify(session)), place(agentId));
      keep(agentId, id, session);
      return id;
    },
    open(agentId, endpoint, id) {
      const found = known.get(id);
      if (found !== undefined) return found.agentId === agentId ? ifValid(found.session, endpoint) : null;
      return vault.open(id, place(agentId)).then(
        (text) => {
          const session = JSON.parse(text.reveal()) as AgentSession;
          // Only what opened is worth remembering: anybody can make up an id.
          keep(agentId, id, session);
          return ifValid(session, endpoint);
        },
        () => null,
      );
    },
    end(agentId, id) {
      keep(agentId, id, null);
    },
  };
}

function namesOf(capabilities: JsonObject): JsonObject {
  return Object.fromEntries(Object.keys(capabilities).map((name) => [name.slice(0, 40), {}]));
}
