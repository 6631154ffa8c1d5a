// News for open pages: something changed, look again. What this process changes is told at once; what others on
// the same database change is found by reading the newest lines of the audit log, of transcripts and of the call
// log once a second, and only while somebody listens. Hints, not facts: nothing depends on each arriving.

import { CHANGES_LOOK_BACK_MS, CHANGES_POLL_MS } from '../limits.ts';
import type { RowTold, Store } from '../store/store.ts';
import type { Log } from './context.ts';
import { firstIdAt } from './ids.ts';

export const CHANGE_TYPES = ['connector', 'agent', 'tools', 'calls', 'people', 'sync', 'changed'] as const;

/** `id` null: any of them. */
export type Change = { readonly type: (typeof CHANGE_TYPES)[number]; readonly id: string | null };

export type ChangeFeed = {
  publish(change: Change): void;
  /** This process wrote the row of this id itself, and has told of it. */
  wrote(id: string): void;
  /** @returns ends it; `onEnd` is called when the hub closes */
  listen(listener: (change: Change) => void, onEnd: () => void): () => void;
  listeners(): number;
  /** Ends every listener. */
  close(): void;
};

type Listener = { readonly tell: (change: Change) => void; readonly end: () => void };

export function createChangeFeed(store: Pick<Store, 'overview'>, log: Log, now: () => number): ChangeFeed {
  const listeners = new Set<Listener>();
  /** Rows that were told of, with when: those of this process, and those found in the database. */
  const told = new Map<string, number>();
  let timer: ReturnType<typeof setInterval> | null = null;
  let looking = false;
  let begun = false;

  const publish = (change: Change): void => {
    for (const { tell } of listeners) tell(change);
  };

  const isNews = (id: string): boolean => {
    if (told.has(id)) return false;
    told.set(id, now());
    return true;
  };

  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      const from = now() - CHANGES_LOOK_BACK_MS;
      const { rows, lastCall } = await store.overview.since({
        audit: firstIdAt('aud', from),
        transcript: firstIdAt('trn', from),
        call: firstIdAt('cal', from),
      });
      const news = rows.filter(({ id }) => isNews(id));
      const called = lastCall !== null && isNews(lastCall);
      // What stood there before anybody listened is no news.
      if (begun) {
        for (const change of distinct(news.map(changeOf))) publish(change);
        if (called) publish({ type: 'calls', id: null });
      }
      begun = true;
      for (const [id, at] of told) if (at < from - CHANGES_LOOK_BACK_MS) told.delete(id);
    } catch (error) {
      log.warn({ err: error }, 'changes by other processes could not be looked for');
    } finally {
      looking = false;
    }
  };

  const rest = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
    begun = false;
    told.clear();
  };

  return {
    publish,
    wrote(id) {
      if (timer !== null) told.set(id, now());
    },
    listen(tell, end) {
      const listener = { tell, end };
      listeners.add(listener);
      if (timer === null) {
        timer = setInterval(() => void look(), CHANGES_POLL_MS);
        timer.unref();
        void look();
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) rest();
      };
    },
    listeners: () => listeners.size,
    close() {
      for (const { end } of [...listeners]) end();
      listeners.clear();
      rest();
    },
  };
}

/** Whose news a line of the audit log or a step with a provider is. */
export function changeOf({ action, connectorId, agentId }: Omit<RowTold, 'id'>): Change {
  if (/^(person|invitation|session|password_link)\./.test(action ?? '')) return { type: 'people', id: null };
  if (connectorId !== null) return { type: 'connector', id: connectorId };
  if (agentId !== null) return { type: 'agent', id: agentId };
  return { type: 'changed', id: null };
}

function distinct(changes: readonly Change[]): readonly Change[] {
  return [...new Map(changes.map((change) => [`${change.type} ${change.id}`, change])).values()];
}
