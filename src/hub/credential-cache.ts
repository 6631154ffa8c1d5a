// The short memory of the resolver. An entry lives a second at most, so that a disconnection in another
// process is felt within that time; in this process `forgetConnector` makes it felt at once.

import type { CachedCredential, CredentialCache } from './context.ts';

const MAX_ENTRIES = 20_000;
const SWEEP_MS = 10_000;

export function createCredentialCache(now: () => number): CredentialCache {
  const byConnector = new Map<string, Map<string, CachedCredential>>();
  let size = 0;
  let epoch = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const listeners: ((connectorId: string) => void)[] = [];
  /** What is not served any more is not kept either: another process may have disconnected it. */
  const sweep = (): void => {
    timer = null;
    for (const [connectorId, owners] of byConnector) {
      for (const [owner, { validUntil }] of owners) {
        if (validUntil > now()) continue;
        owners.delete(owner);
        size -= 1;
      }
      if (owners.size === 0) byConnector.delete(connectorId);
    }
    if (size > 0) schedule();
  };
  const schedule = (): void => {
    timer ??= setTimeout(sweep, SWEEP_MS);
    timer.unref();
  };
  return {
    get(connectorId, owner) {
      const found = byConnector.get(connectorId)?.get(owner);
      return found !== undefined && found.validUntil > now() ? found : null;
    },
    epoch: () => epoch,
    set(connectorId, owner, value, readAt) {
      if (readAt !== epoch) return;
      if (size >= MAX_ENTRIES) {
        byConnector.clear();
        size = 0;
      }
      let owners = byConnector.get(connectorId);
      if (owners === undefined) {
        owners = new Map();
        byConnector.set(connectorId, owners);
      }
      if (!owners.has(owner)) size += 1;
      owners.set(owner, value);
      schedule();
    },
    forgetConnector(connectorId) {
      epoch += 1;
      size -= byConnector.get(connectorId)?.size ?? 0;
      byConnector.delete(connectorId);
      for (const listener of listeners) listener(connectorId);
    },
    onForget: (listener) => void listeners.push(listener),
  };
}

/** Callers of one key share one run and its outcome; nothing is kept afterwards. */
export function createSingleFlight(): <T>(key: string, run: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<unknown>>();
  return <T>(key: string, run: () => Promise<T>): Promise<T> => {
    const current = running.get(key);
    if (current !== undefined) return current as Promise<T>;
    const started = run().finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
}
