// What the database knows and monitoring wants: whether it answers, how far behind due work is, credentials by
// state. Each is read when it is scraped, or not at all where the database takes too long: a scrape must tell that
// the database is gone, not wait for it.

import { Gauge, type Registry } from 'prom-client';
import type { Hub } from '../hub/hub.ts';
import { STATE_FIGURES_REUSE_MS } from '../work-limits.ts';
import { inTime } from './in-time.ts';

type Watched = Pick<Hub, 'ping' | 'credentialStates' | 'overdueWork' | 'lookedForWorkAt'>;

export function gaugeState(registry: Registry, hub: Watched, now: () => number): void {
  const registers = [registry];
  new Gauge({
    name: 'chatelaine_database_up',
    help: '1 while the database answers in time and has the schema of this version',
    registers,
    async collect() {
      this.set((await inTime(hub.ping().then(() => true))) === null ? 0 : 1);
    },
  });
  const states = reused(now, () => hub.credentialStates());
  new Gauge({
    name: 'chatelaine_credentials',
    help: 'Active credentials in each state',
    labelNames: ['state'],
    registers,
    async collect() {
      // No figure rather than an old one, and the other metrics are told all the same.
      this.reset();
      for (const [state, count] of Object.entries((await inTime(states())) ?? {})) this.set({ state }, count);
    },
  });
  const overdue = reused(now, () => hub.overdueWork());
  new Gauge({
    name: 'chatelaine_work_overdue_seconds',
    help: 'How long the work that is due longest has been waiting: tokens to renew (refresh), tools to list (sync)',
    labelNames: ['work'],
    registers,
    async collect() {
      this.reset();
      for (const [work, overdueMs] of Object.entries((await inTime(overdue())) ?? {}))
        this.set({ work }, overdueMs / 1000);
    },
  });
  new Gauge({
    name: 'chatelaine_work_looked_for_timestamp_seconds',
    help: 'When this process last looked for due work without a failure; 0 before the first time',
    registers,
    collect() {
      this.set((hub.lookedForWorkAt() ?? 0) / 1000);
    },
  });
}

/** Anybody may scrape, so what was read a moment ago is told again. */
function reused<T>(now: () => number, read: () => Promise<T>): () => Promise<T> {
  let readAt = Number.NEGATIVE_INFINITY;
  let last: Promise<T> | null = null;
  return () => {
    if (last === null || now() - readAt >= STATE_FIGURES_REUSE_MS) {
      readAt = now();
      last = read();
      last.catch(() => {
        last = null;
      });
    }
    return last;
  };
}
