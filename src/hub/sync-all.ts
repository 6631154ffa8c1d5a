// Lists the tools of every connector in the background, and says how far it is. One run at a time in a process;
// connectors that another process is listing just now are left to it.

import { isChatelaineError } from '../errors.ts';
import { SYNC_CONCURRENCY } from '../work-limits.ts';
import { type Actor, audit } from './audit.ts';
import type { HubContext } from './context.ts';
import { syncOnce } from './maintenance.ts';

export type SyncRun = {
  readonly running: boolean;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** Not tried or not listed, because a person must connect them first. */
  readonly waiting: number;
};

export type SyncAll = {
  /** Starts a run, or answers the one under way. */
  start(actor: Actor): Promise<SyncRun>;
  state(): SyncRun;
  /** Waits for what is being listed; the rest is left. */
  stop(): Promise<void>;
};

const MOST = 10_000;
/** A sync may run into these because nobody connected the connector, or must again. */
const WAITING = ['connect_required', 'secret_required', 'reauthorization_required', 'needs_scope'];
const NEVER: SyncRun = { running: false, startedAt: null, finishedAt: null, total: 0, done: 0, failed: 0, waiting: 0 };

export function createSyncAll(context: HubContext, progressed: () => void): SyncAll {
  let run: SyncRun = NEVER;
  let work: Promise<unknown> = Promise.resolve();
  let stopped = false;

  const one = async (connectorId: string): Promise<void> => {
    const before = context.now();
    await syncOnce(context, connectorId, true);
    const after = await context.store.connectors.get(connectorId);
    const error =
      after !== null && after.toolsError !== null && after.toolsError.at >= before ? after.toolsError : null;
    const outcome =
      error === null ? {} : WAITING.includes(error.code) ? { waiting: run.waiting + 1 } : { failed: run.failed + 1 };
    run = { ...run, done: run.done + 1, ...outcome };
    progressed();
  };

  const all = async (ids: string[]): Promise<void> => {
    const worker = async (): Promise<void> => {
      for (let id = ids.shift(); id !== undefined && !stopped; id = ids.shift()) {
        await one(id).catch((error: unknown) => {
          if (!isChatelaineError(error))
            context.log.error({ err: error, connectorId: id }, 'a sync failed unexpectedly');
          run = { ...run, done: run.done + 1, failed: run.failed + 1 };
        });
      }
    };
    await Promise.all(Array.from({ length: SYNC_CONCURRENCY }, worker));
    run = { ...run, running: false, finishedAt: context.now() };
    progressed();
  };

  return {
    async start(actor) {
      if (run.running || stopped) return run;
      run = { ...NEVER, running: true, startedAt: context.now() };
      try {
        const { items } = await context.store.connectors.list({ limit: MOST });
        await audit(context, actor, 'sync.started', { detail: { connectors: items.length } });
        run = { ...run, total: items.length };
        work = all(items.map(({ id }) => id));
      } catch (error) {
        run = { ...run, running: false, finishedAt: context.now() };
        throw error;
      }
      return run;
    },
    state: () => run,
    async stop() {
      stopped = true;
      await work;
    },
  };
}
