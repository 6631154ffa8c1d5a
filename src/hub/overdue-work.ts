// How far behind the background is, for monitoring.

import { REFRESH_AHEAD_MS } from '../limits.ts';
import type { HubContext } from './context.ts';

/** Milliseconds that the longest due piece of each kind of work has been waiting. @throws store_unavailable */
export async function overdueWork({ store, now }: Pick<HubContext, 'store' | 'now'>): Promise<{
  readonly refresh: number;
  readonly sync: number;
}> {
  const at = now();
  const [[token], [connector]] = await Promise.all([
    store.credentials.dueForRefresh(at, at + REFRESH_AHEAD_MS, 1),
    store.connectors.dueForSync(at, 1),
  ]);
  // A call would have to renew it from here on; a failure puts that off.
  const tokenDueAt =
    token === undefined ? at : Math.max((token.expiresAt ?? at) - REFRESH_AHEAD_MS, token.refreshAfter ?? 0);
  return { refresh: at - tokenDueAt, sync: at - (connector?.syncDueAt ?? at) };
}
