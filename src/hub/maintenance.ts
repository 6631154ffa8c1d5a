// What happens by itself: tokens are renewed ahead of time, tools are listed on schedule, waiting
// authorizations are proven, what expired is removed. Several processes on one database may all run it;
// leases see to it that each piece of work is done once.

import { isChatelaineError } from '../errors.ts';
import { AUDIT_LIFETIME_MS, FLOW_KEPT_MS } from '../limits.ts';
import type { ConnectorRecord } from '../store/records.ts';
import { MAINTENANCE_INTERVAL_MS, SYNC_CONCURRENCY, SYNC_LEASE_MS } from '../work-limits.ts';
import { SYSTEM } from './audit.ts';
import { deleteOldCalls } from './calls.ts';
import type { HubContext } from './context.ts';
import { newId } from './ids.ts';
import { promoteProven } from './pending-credential.ts';
import { createRefreshAhead } from './refresh-ahead.ts';
import { syncTools } from './tool-sync.ts';

const BATCH = 100;

export type Maintenance = {
  /** Everything that is due now, to its end. */
  round(): Promise<void>;
  /** When what is due was last looked for without a failure; null before the first time. */
  lookedAt(): number | null;
  /** Waits for the work under way. */
  stop(): Promise<void>;
};

/** Starts the timer. */
export function startMaintenance(context: HubContext): Maintenance {
  const ahead = createRefreshAhead(context);
  const stopping = new AbortController();
  let lookedAt: number | null = null;
  const look = once(async () => {
    if (!(await attempt(context, 'refresh', ahead.look))) return;
    lookedAt = context.now();
  });
  const sync = once(() => attempt(context, 'sync', () => syncDue(context, stopping.signal)));
  const cleanUp = once(() => attempt(context, 'clean', () => clean(context)));
  // Each by itself: servers that hang while their tools are listed must not keep tokens from being renewed.
  const tick = () => Promise.all([look(), sync(), cleanUp()]);
  // Processes that were started together should not work in step.
  const interval = Math.round(MAINTENANCE_INTERVAL_MS * (0.9 + 0.2 * Math.random()));
  const timer = setInterval(() => void tick(), interval);
  timer.unref();
  return {
    async round() {
      await tick();
      await ahead.idle();
    },
    lookedAt: () => lookedAt,
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await Promise.all([look.running(), sync.running(), cleanUp.running()]);
      await ahead.stop();
    },
  };
}

/** Callers during a run share it. */
function once<T>(run: () => Promise<T>): (() => Promise<T>) & { running(): Promise<unknown> } {
  let current: Promise<T> | null = null;
  const shared = (): Promise<T> => {
    current ??= run().finally(() => {
      current = null;
    });
    return current;
  };
  return Object.assign(shared, { running: async () => current });
}

/** Whether it went well. */
async function attempt(context: HubContext, job: string, run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    context.log.warn({ err: error, job }, 'a background job failed; it is tried again');
    return false;
  }
}

/** Lists the tools of every connector whose time has come. */
async function syncDue(context: HubContext, stopping: AbortSignal): Promise<void> {
  const tried = new Set<string>();
  while (!stopping.aborted) {
    const due = await context.store.connectors.dueForSync(context.now(), BATCH);
    // Those that another process is at stay due until it is done.
    const fresh = due.filter(({ id }) => !tried.has(id));
    if (fresh.length === 0) return;
    await inParallel(fresh, SYNC_CONCURRENCY, async ({ id }) => {
      if (stopping.aborted) return;
      tried.add(id);
      await syncOnce(context, id);
    });
  }
}

/** Lists one connector's tools; false when another process is at it. */
export async function syncOnce(context: HubContext, connectorId: string, always = false): Promise<boolean> {
  const name = `sync:${connectorId}`;
  const holder = newId(context.holder, context.now());
  if (!(await context.store.leases.acquire(name, holder, context.now(), SYNC_LEASE_MS))) return false;
  try {
    const connector = await context.store.connectors.get(connectorId);
    if (connector === null) return true;
    if (!always && (connector.syncDueAt === null || connector.syncDueAt > context.now())) return true;
    if (!(await provePending(context, connector))) await syncTools(context, connector, null, SYSTEM);
  } catch (error) {
    if (!isChatelaineError(error)) throw error;
  } finally {
    await context.store.leases.release(name, holder);
  }
  return true;
}

/** An authorization that waits beside the one that serves gets its chance first. */
async function provePending(context: HubContext, connector: ConnectorRecord): Promise<boolean> {
  let proven = false;
  for (const credential of await context.store.credentials.listPending(connector.id, BATCH)) {
    try {
      await syncTools(context, connector, credential.agentId, SYSTEM, { slot: 'pending' });
    } catch (error) {
      if (!isChatelaineError(error)) throw error;
      // It will never be proven; the person is told by the connector's listing error and may connect again.
      if (error.code === 'reauthorization_required') await context.store.credentials.delete(credential.id);
      continue;
    }
    await promoteProven(context, credential);
    proven = true;
  }
  return proven;
}

async function clean(context: HubContext): Promise<void> {
  const now = context.now();
  await context.store.flows.deleteExpired(now - FLOW_KEPT_MS);
  await context.store.leases.deleteExpired(now);
  await context.store.attempts.deleteExpired(now);
  // Not rotated with other secrets: what is under a key that goes is gone before it.
  await context.store.mail.deleteExpired(now);
  await context.store.audit.deleteBefore(now - AUDIT_LIFETIME_MS);
  await deleteOldCalls(context);
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
