// Listens to servers that tell when their tools change, and lists them then. One process of all listens
// to a server (a lease says which); at most a bounded number of streams is held, the schedule does the rest.

import { isChatelaineError } from '../errors.ts';
import {
  PAGE_LIMIT_MAX,
  WATCH_BACKOFF_MAX_MS,
  WATCH_BACKOFF_MS,
  WATCH_LEASE_MS,
  WATCH_MAX_STREAMS,
  WATCH_SETTLE_MS,
  WATCH_UNSUPPORTED_MS,
} from '../limits.ts';
import { watchToolList } from '../mcp/list-changed.ts';
import type { ConnectorRecord } from '../store/records.ts';
import { resolveCredential } from './access-token.ts';
import type { HubContext } from './context.ts';
import { newId } from './ids.ts';
import { syncOnce } from './maintenance.ts';

const WATCH_LOOKS_PER_BACKOFF = 100;
const WATCH_QUIET_TIMES = 20;

type Watch = { readonly abort: AbortController; readonly updatedAt: number };

export type ListWatch = {
  /** Starts and ends streams so that they fit the connectors as they are now. */
  reconcile(): Promise<void>;
  stop(): Promise<void>;
};

export function createListWatch(context: HubContext): ListWatch {
  const watches = new Map<string, Watch>();
  const quietUntil = new Map<string, number>();
  const failures = new Map<string, number>();
  const running = new Set<Promise<void>>();
  const holder = newId(context.holder, context.now());
  let reconciling = false;
  /** Connectors, when they were last looked at: the more there are, the longer each one without a listener rests. */
  let watchable = 0;
  let quietUntilMs = 0;

  const start = (connector: ConnectorRecord, agentId: string | null): void => {
    const abort = new AbortController();
    watches.set(connector.id, { abort, updatedAt: connector.updatedAt });
    const work = watch(connector, agentId, abort.signal).finally(() => {
      watches.delete(connector.id);
      running.delete(work);
    });
    running.add(work);
  };

  const rest = (id: string, milliseconds: number): void => {
    quietUntil.set(id, context.now() + milliseconds);
  };

  const watch = async (connector: ConnectorRecord, agentId: string | null, signal: AbortSignal): Promise<void> => {
    const lease = `watch:${connector.id}`;
    const renew = (): Promise<boolean> => context.store.leases.acquire(lease, holder, context.now(), WATCH_LEASE_MS);
    let pending = false;
    let renewal: ReturnType<typeof setInterval> | undefined;
    try {
      if (!(await renew())) return rest(connector.id, WATCH_LEASE_MS);
      renewal = setInterval(() => void renew().catch(() => undefined), WATCH_LEASE_MS / 3);
      renewal.unref();
      const { headers } = await resolveCredential(context, connector, agentId);
      const ended = await watchToolList({
        url: connector.url,
        fetch: context.outbound.mcp,
        headers,
        remembered: connector.protocol,
        clientInfo: { name: context.clientName, version: context.version },
        signal,
        onReady: () => failures.delete(connector.id),
        onChange: () => {
          // Started by the first change and not put off by the next, so that a chatty server is listed too.
          if (pending) return;
          pending = true;
          setTimeout(() => {
            pending = false;
            void listAgain(context, connector.id).catch((error: unknown) =>
              context.log.warn({ err: error, connectorId: connector.id }, 'a changed list could not be read'),
            );
          }, WATCH_SETTLE_MS);
        },
      });
      rest(connector.id, ended === 'unsupported' ? WATCH_UNSUPPORTED_MS : backoff(connector.id));
    } catch (error) {
      if (!signal.aborted && !isChatelaineError(error))
        context.log.warn({ err: error, connectorId: connector.id }, 'listening for changes ended');
      rest(connector.id, backoff(connector.id));
    } finally {
      clearInterval(renewal);
      await context.store.leases.release(lease, holder).catch(() => undefined);
    }
  };

  const backoff = (id: string): number => {
    const count = (failures.get(id) ?? 0) + 1;
    failures.set(id, count);
    return Math.min(WATCH_BACKOFF_MS * 2 ** (count - 1), WATCH_BACKOFF_MAX_MS) * (0.8 + 0.4 * Math.random());
  };

  const arrange = async (): Promise<void> => {
    const seen = new Set<string>();
    for await (const connector of listed(context)) {
      seen.add(connector.id);
      const running = watches.get(connector.id);
      if (running !== undefined) {
        if (running.updatedAt !== connector.updatedAt) running.abort.abort();
        continue;
      }
      const resting = (quietUntil.get(connector.id) ?? 0) > context.now();
      if (resting || watches.size >= WATCH_MAX_STREAMS) continue;
      const listener = await listenerOf(context, connector);
      if (listener !== null) start(connector, listener.agentId);
      else rest(connector.id, WATCH_BACKOFF_MS * Math.max(1, watchable / WATCH_LOOKS_PER_BACKOFF));
    }
    watchable = seen.size;
    for (const [id, running] of watches) if (!seen.has(id)) running.abort.abort();
    for (const memory of [quietUntil, failures]) {
      for (const id of memory.keys()) if (!seen.has(id)) memory.delete(id);
    }
  };

  return {
    async reconcile() {
      const beganMs = performance.now();
      if (reconciling || beganMs < quietUntilMs) return;
      reconciling = true;
      try {
        await arrange();
      } finally {
        reconciling = false;
        // Looking through thousands of connectors must stay a small part of what a process does.
        quietUntilMs = performance.now() + WATCH_QUIET_TIMES * (performance.now() - beganMs);
      }
    },
    async stop() {
      for (const { abort } of watches.values()) abort.abort();
      await Promise.allSettled(running);
    },
  };
}

/** Lists now, or, where somebody is listing already and may have asked too early, in the next round. */
async function listAgain(context: HubContext, connectorId: string): Promise<void> {
  if (await syncOnce(context, connectorId, true)) return;
  await context.store.connectors.update(connectorId, { syncDueAt: context.now() });
}

/** Connectors that listed their tools at least once, so that their protocol is known. */
async function* listed(context: HubContext): AsyncGenerator<ConnectorRecord> {
  let cursor: string | undefined;
  do {
    const page = await context.store.connectors.list({ limit: PAGE_LIMIT_MAX, cursor });
    for (const connector of page.items) {
      if (connector.toolsSyncedAt !== null && connector.protocol !== null) yield connector;
    }
    cursor = page.nextCursor ?? undefined;
    // An embedded database answers at once: without a turn for others thousands of connectors would hold up every call.
    await new Promise((resolve) => setImmediate(resolve));
  } while (cursor !== undefined);
}

/** Whose credential may listen; null while there is none. */
async function listenerOf(context: HubContext, connector: ConnectorRecord): Promise<{ agentId: string | null } | null> {
  if (connector.authType === 'none') return { agentId: null };
  const shared = connector.credentialMode === 'shared';
  const credential = shared
    ? await context.store.credentials.find(connector.id, null, 'active')
    : ((await context.store.credentials.listOfAgents(connector.id, 1))[0] ?? null);
  if (credential === null || credential.state === 'reauthorization_required') return null;
  return { agentId: credential.agentId };
}
