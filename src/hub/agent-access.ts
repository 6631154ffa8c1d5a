// Who presents an agent key, and what that agent may do now: ready in memory, so that a call costs no query.
// What was read holds while the database's access revision stands, which is looked at once a second and at
// once after a change in this process. Keys are known here by their hash only.

import { ACCESS_CACHE_ENTRIES, ACCESS_REVISION_MS, KEY_TOUCH_FLUSH_MS, KEY_TOUCH_INTERVAL_MS } from '../limits.ts';
import type { Secret } from '../secret.ts';
import type { AgentLimits, AgentRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { isAgentKey } from './agent-key.ts';
import { type AccessConnector, type AccessTool, createConnectorCatalogue } from './connector-catalogue.ts';
import { readGrants } from './tool-decision.ts';

export type { AccessConnector, AccessTool } from './connector-catalogue.ts';

/** One agent, ready to decide without I/O. Hold it for one request, not longer. */
export type AgentAccess = {
  readonly agent: AgentRecord;
  readonly keyId: string;
  readonly limits: AgentLimits;
  /**
   * By key, in key order: the connectors of which this agent was granted anything, with the tools that it may
   * call now (granted, active, not held). Whether it has a credential is not asked here. `reachability` and
   * the times of syncs in a record may be older than the rest.
   */
  readonly connectors: ReadonlyMap<string, AccessConnector>;
};

export type AgentAccessReader = {
  /** Who presents this key, or null: unknown, revoked, expired, or its agent is disabled. @throws store_unavailable */
  byKey(presented: Secret): Promise<AgentAccess | null>;
  /** The same when it is in memory and stands; null says nothing. */
  known(presented: Secret): AgentAccess | null;
  /** What an agent may do now, for whoever looks at it without a key of its; null when it is gone or disabled. */
  byAgent(agentId: string): Promise<AgentAccess | null>;
  /** Something changed in this process: the next `byKey` looks at the revision first. */
  recheck(): void;
  /** Writes the last uses that still wait. */
  close(): Promise<void>;
};

type TouchLog = { warn(fields: Record<string, unknown>, message: string): void };
type Entry = { readonly revision: number; readonly access: AgentAccess; readonly expiresAt: number; touchedAt: number };

/** The tool that this agent may call under this name at this connector, or null: no such tool, for this agent. */
export function callableTool(access: AgentAccess, connectorKey: string, toolName: string): AccessTool | null {
  return access.connectors.get(connectorKey)?.tools.get(toolName) ?? null;
}

/** @param hashOf SHA-256 in base64url, as keys are stored; synchronous, for it runs on every call */
export function createAgentAccess(
  store: Store,
  hashOf: (key: Secret) => string,
  log: TouchLog,
  now: () => number,
): AgentAccessReader {
  const catalogue = createConnectorCatalogue(store);
  const entries = new Map<string, Entry>();
  const loading = new Map<string, Promise<Entry | null>>();
  const revisions = createRevisionWatch(store, now);
  const touches = createTouches(store, log, now);

  const accessOf = async (agentId: string, keyId: string, revision: number): Promise<AgentAccess | null> => {
    const [agent, grants] = await Promise.all([store.agents.get(agentId), readGrants(store, agentId)]);
    if (agent === null || !agent.enabled) return null;
    const ids = new Set([...grants.connectors, ...grants.tools.keys()]);
    const found = await Promise.all([...ids].map((id) => catalogue.select(id, revision, grants)));
    const usable = found.filter((each) => each !== null);
    usable.sort((a, b) => (a.connector.key < b.connector.key ? -1 : 1));
    const connectors = new Map(usable.map((each) => [each.connector.key, each]));
    return { agent, keyId, limits: agent.limits, connectors };
  };

  const load = async (hash: string, revision: number): Promise<Entry | null> => {
    entries.delete(hash);
    const key = await store.agents.findKey(hash);
    if (key === null) return null;
    const access = await accessOf(key.agentId, key.id, revision);
    if (access === null) return null;
    const expiresAt = key.expiresAt ?? Number.POSITIVE_INFINITY;
    const entry = { revision, access, expiresAt, touchedAt: key.lastUsedAt ?? Number.NEGATIVE_INFINITY };
    entries.set(hash, entry);
    const [oldest] = entries.keys();
    if (entries.size > ACCESS_CACHE_ENTRIES && oldest !== undefined) entries.delete(oldest);
    return entry;
  };

  const entryOf = (hash: string, revision: number): Promise<Entry | null> => {
    const name = `${hash} ${revision}`;
    const running = loading.get(name);
    if (running !== undefined) return running;
    const started = load(hash, revision).finally(() => loading.delete(name));
    loading.set(name, started);
    return started;
  };

  /** The access behind a key that still serves; its use is noted. */
  const serving = (entry: Entry): AgentAccess | null => {
    const at = now();
    if (entry.expiresAt <= at) return null;
    if (entry.touchedAt + KEY_TOUCH_INTERVAL_MS <= at) {
      entry.touchedAt = at;
      touches.add(entry.access.keyId);
    }
    return entry.access;
  };

  return {
    async byKey(presented) {
      if (!isAgentKey(presented)) return null;
      const hash = hashOf(presented);
      const revision = revisions.fresh() ?? (await revisions.read());
      const known = entries.get(hash);
      const entry = known !== undefined && known.revision === revision ? known : await entryOf(hash, revision);
      return entry === null ? null : serving(entry);
    },
    known(presented) {
      const revision = revisions.fresh();
      if (revision === null || !isAgentKey(presented)) return null;
      const entry = entries.get(hashOf(presented));
      return entry === undefined || entry.revision !== revision ? null : serving(entry);
    },
    byAgent: async (agentId) => accessOf(agentId, '', revisions.fresh() ?? (await revisions.read())),
    recheck: revisions.forget,
    close: touches.close,
  };
}

/** The database's revision, read by one query a second however many calls ask. */
function createRevisionWatch(store: Store, now: () => number) {
  let known: { readonly revision: number; readonly readAt: number } | null = null;
  let reading: Promise<number> | null = null;
  return {
    /** The revision when it was read within the last second. */
    fresh(): number | null {
      const age = known === null ? -1 : now() - known.readAt;
      return known !== null && age >= 0 && age < ACCESS_REVISION_MS ? known.revision : null;
    },
    read(): Promise<number> {
      if (reading !== null) return reading;
      // Counted from before the query: it may answer what stood before a change of this very moment.
      const readAt = now();
      const started: Promise<number> = store.access
        .revision()
        .then((revision) => {
          if (reading === started) known = { revision, readAt };
          return revision;
        })
        .finally(() => {
          if (reading === started) reading = null;
        });
      reading = started;
      return started;
    },
    /** A query under way is not believed any more either. */
    forget(): void {
      known = null;
      reading = null;
    },
  };
}

/** Last uses of keys, written together every few seconds. */
function createTouches(store: Store, log: TouchLog, now: () => number) {
  const waiting = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  let written: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    const ids = [...waiting];
    waiting.clear();
    // A lost note of a last use is not worth failing anything for.
    await store.agents
      .touchKeys(ids, now())
      .catch((error: unknown) => log.warn({ err: error }, 'the last use of agent keys could not be noted'));
  };
  const flush = (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (waiting.size > 0) written = written.then(write);
    return written;
  };
  return {
    add(keyId: string): void {
      waiting.add(keyId);
      timer ??= setTimeout(() => void flush(), KEY_TOUCH_FLUSH_MS).unref();
    },
    close: flush,
  };
}
