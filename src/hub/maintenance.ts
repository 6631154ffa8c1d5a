// What happens by itself: tokens are renewed ahead of time, tools are listed on schedule, waiting
// authorizations are proven, what expired is removed. Several processes on one database may all run it;
// leases see to it that each piece of work is done once.

import { isChatelaineError } from '../errors.ts';
import {
  AUDIT_LIFETIME_MS,
  FLOW_KEPT_MS,
  MAINTENANCE_INTERVAL_MS,
  REFRESH_AHEAD_MS,
  REFRESH_JITTER_MS,
  SYNC_CONCURRENCY,
  SYNC_LEASE_MS,
} from '../limits.ts';
import type { ConnectorRecord } from '../store/records.ts';
import { SYSTEM } from './audit.ts';
import { deleteOldCalls } from './calls.ts';
import type { HubContext } from './context.ts';
import { newId } from './ids.ts';
import { promoteProven } from './pending-credential.ts';
import { refreshCredential } from './refresh.ts';
import { syncTools } from './tool-sync.ts';

const BATCH = 100;

export type Maintenance = {
  /** One round; used by the timer and, directly, by whoever wants it now. */
  round(): Promise<void>;
  /** Waits for the work under way. */
  stop(): Promise<void>;
};

/** Starts the timer. */
export function startMaintenance(context: HubContext): Maintenance {
  let running: Promise<void> | null = null;
  const round = (): Promise<void> => {
    running ??= maintain(context).finally(() => {
      running = null;
    });
    return running;
  };
  // Processes that were started together should not work in step.
  const interval = Math.round(MAINTENANCE_INTERVAL_MS * (0.9 + 0.2 * Math.random()));
  const timer = setInterval(() => void round(), interval);
  timer.unref();
  return {
    round,
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

async function maintain(context: HubContext): Promise<void> {
  for (const [name, job] of [
    ['refresh', refreshDue],
    ['sync', syncDue],
    ['clean', clean],
  ] as const) {
    try {
      await job(context);
    } catch (error) {
      context.log.warn({ err: error, job: name }, 'a background job failed; it is tried again');
    }
  }
}

/** Renews tokens a little before anybody would have to wait for it. */
async function refreshDue(context: HubContext): Promise<void> {
  const now = context.now();
  const due = await context.store.credentials.dueForRefresh(now, now + REFRESH_AHEAD_MS + REFRESH_JITTER_MS, BATCH);
  await inParallel(due, SYNC_CONCURRENCY, async (credential) => {
    const left = (credential.expiresAt ?? 0) - now;
    if (left > REFRESH_AHEAD_MS + jitterOf(credential.id)) return;
    const connector = await context.store.connectors.get(credential.connectorId);
    if (connector === null) return;
    try {
      await refreshCredential(context, connector, credential);
    } catch (error) {
      if (!isChatelaineError(error)) throw error;
      context.log.info(
        { connectorId: connector.id, credentialId: credential.id, code: error.code },
        'a token could not be renewed ahead of time',
      );
    }
  });
}

/** The same for every process, so that they agree on the moment. */
function jitterOf(id: string): number {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + character.charCodeAt(0)) % 1_000_003;
  return (hash / 1_000_003) * REFRESH_JITTER_MS;
}

/** Lists the tools of every connector whose time has come. */
async function syncDue(context: HubContext): Promise<void> {
  const due = await context.store.connectors.dueForSync(context.now(), BATCH);
  await inParallel(due, SYNC_CONCURRENCY, async (connector) => {
    await syncOnce(context, connector.id);
  });
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
