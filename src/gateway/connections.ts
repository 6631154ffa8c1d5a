// Warm connections to servers for requests that must be translated between eras. One belongs to one agent,
// one session of that agent, one credential and one set of declared capabilities: what a server keeps in a
// session is never seen from another. A changed credential, address or header ends it.

import type { ResolvedCredential } from '../hub/access-token.ts';
import type { HubContext } from '../hub/context.ts';
import { rememberServer } from '../hub/upstream-session.ts';
import { AGENT_CONNECTIONS_MAX, CONNECTION_IDLE_MS, CONNECTIONS_MAX } from '../limits.ts';
import type { JsonObject } from '../mcp/json.ts';
import type { Protocol } from '../mcp/types.ts';
import type { Upstream } from '../mcp/upstream.ts';
import { openUpstream } from '../mcp/upstream.ts';
import type { ConnectorRecord } from '../store/records.ts';

const VERDICTS_MAX = 10_000;
/** Then the connector's record, written meanwhile, says the same. */
const VERDICT_LIFETIME_MS = 10 * 60_000;

type Entry = {
  readonly connectorId: string;
  readonly agentId: string;
  readonly url: string;
  readonly resolved: ResolvedCredential;
  readonly upstream: Promise<Upstream>;
  busy: number;
  isStale: boolean;
  lastUsedAt: number;
};

export type ConnectionScope = {
  readonly agentId: string;
  /** Of the agent's session; null for agents without one. */
  readonly session: string | null;
  readonly capabilities: JsonObject;
};

export type Connections = {
  /** Runs `use` over a warm connection, or a new one. @throws what opening and `use` throw */
  use<T>(
    connector: ConnectorRecord,
    resolved: ResolvedCredential,
    scope: ConnectionScope,
    use: (upstream: Upstream) => Promise<T>,
  ): Promise<T>;
  /** What the server is known to speak; null when it must be asked. */
  protocolOf(connector: ConnectorRecord): Protocol | null;
  /** The server does not speak any more what it was known to speak. */
  doubt(connector: ConnectorRecord): void;
  close(): Promise<void>;
};

type Verdict = { readonly url: string; readonly protocol: Protocol | null; readonly expiresAt: number };

export function createConnections(context: HubContext): Connections {
  const entries = new Map<string, Entry>();
  /** Newer than what the connector's record says, which may lag behind. */
  const verdicts = new Map<string, Verdict>();
  const learn = (connector: ConnectorRecord, protocol: Protocol | null): void => {
    if (verdicts.size >= VERDICTS_MAX) verdicts.clear();
    verdicts.set(connector.id, { url: connector.url, protocol, expiresAt: context.now() + VERDICT_LIFETIME_MS });
  };
  const protocolOf = (connector: ConnectorRecord): Protocol | null => {
    const now = context.now();
    const verdict = verdicts.get(connector.id);
    if (verdict !== undefined && verdict.url === connector.url && verdict.expiresAt > now) return verdict.protocol;
    return connector.protocol !== null && connector.protocol.expiresAt > now ? connector.protocol : null;
  };
  const drop = (key: string, entry: Entry): void => {
    if (entries.get(key) === entry) entries.delete(key);
    entry.isStale = true;
    if (entry.busy === 0) void close(entry);
  };
  /** Whether nobody replaced, disconnected or deleted the credential since. */
  const stands = async ({ resolved }: Entry): Promise<boolean> => {
    if (resolved.credentialId === null) return true;
    const credential = await context.store.credentials.get(resolved.credentialId);
    return credential !== null && credential.slot === 'active' && credential.generation === resolved.generation;
  };
  /** Also right after a credential of `connectorId` changed, so that one that ended is not kept until the next round. */
  const sweep = async (connectorId: string | null = null): Promise<void> => {
    const idleSince = context.now() - CONNECTION_IDLE_MS;
    for (const [key, entry] of entries) {
      if (entry.busy > 0 || (connectorId !== null && entry.connectorId !== connectorId)) continue;
      if (entry.lastUsedAt < idleSince || !(await stands(entry))) drop(key, entry);
    }
  };
  const lookThrough = (connectorId: string | null): void =>
    void sweep(connectorId).catch((error: unknown) =>
      context.log.warn({ err: error }, 'idle connections could not be looked through'),
    );
  const timer = setInterval(lookThrough, CONNECTION_IDLE_MS / 10, null);
  timer.unref();
  context.credentialCache.onForget(lookThrough);

  /** The longest unused of one agent make room for its next. */
  const makeRoom = (agentId: string): void => {
    let own = 0;
    for (const entry of entries.values()) if (entry.agentId === agentId) own += 1;
    for (const [key, entry] of entries) {
      if (own < AGENT_CONNECTIONS_MAX) return;
      if (entry.agentId !== agentId) continue;
      drop(key, entry);
      own -= 1;
    }
  };
  const entryFor = (
    key: string,
    connector: ConnectorRecord,
    resolved: ResolvedCredential,
    { agentId, capabilities }: ConnectionScope,
  ): Entry => {
    const known = entries.get(key);
    if (known !== undefined && known.url === connector.url && sameCredential(known.resolved, resolved)) return known;
    if (known !== undefined) drop(key, known);
    if (entries.size >= CONNECTIONS_MAX) {
      const [oldest] = entries;
      if (oldest !== undefined) drop(...oldest);
    }
    makeRoom(agentId);
    const upstream = open(context, connector, resolved, capabilities, protocolOf(connector)).then((opened) => {
      learn(connector, opened.protocol);
      return opened;
    });
    const entry: Entry = {
      connectorId: connector.id,
      agentId,
      url: connector.url,
      resolved,
      upstream,
      busy: 0,
      isStale: false,
      lastUsedAt: context.now(),
    };
    upstream.catch(() => drop(key, entry));
    return entry;
  };

  return {
    async use(connector, resolved, scope, use) {
      // Not the credential: one that takes another's place ends what was open with it.
      const key = JSON.stringify([connector.id, scope]);
      const entry = entryFor(key, connector, resolved, scope);
      // Set anew, so that the map's order is that of use.
      entries.delete(key);
      entries.set(key, entry);
      entry.busy += 1;
      entry.lastUsedAt = context.now();
      try {
        return await use(await entry.upstream);
      } finally {
        entry.busy -= 1;
        if (entry.isStale && entry.busy === 0) void close(entry);
      }
    },
    protocolOf,
    doubt: (connector) => learn(connector, null),
    async close() {
      clearInterval(timer);
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(all.map(close));
    },
  };
}

async function open(
  context: HubContext,
  connector: ConnectorRecord,
  resolved: ResolvedCredential,
  capabilities: JsonObject,
  known: Protocol | null,
): Promise<Upstream> {
  const upstream = await openUpstream({
    url: connector.url,
    fetch: context.outbound.mcp,
    headers: resolved.headers,
    remembered: known,
    clientInfo: { name: context.clientName, version: context.version },
    clientCapabilities: capabilities,
  });
  if (known?.version !== upstream.protocol.version || known.transport !== upstream.protocol.transport) {
    await rememberServer(context, connector, upstream.protocol);
  }
  return upstream;
}

async function close(entry: Entry): Promise<void> {
  await entry.upstream.then(
    (upstream) => upstream.close(),
    () => undefined,
  );
}

function sameCredential(a: ResolvedCredential, b: ResolvedCredential): boolean {
  if (a === b) return true;
  if (a.credentialId !== b.credentialId || a.generation !== b.generation) return false;
  const [before, after] = [Object.entries(a.headers), b.headers];
  return before.length === Object.keys(after).length && before.every(([name, value]) => after[name] === value);
}
