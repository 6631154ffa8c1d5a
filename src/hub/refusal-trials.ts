// When a credential that its server refused is tried again: by one call after a pause that doubles, while everybody else
// is told at once. Each process finds out for itself, as with the circuits of servers that fail.

import type { CredentialRecord } from '../store/records.ts';
import { REFUSAL_PAUSE_MAX_MS, REFUSAL_PAUSE_MS } from '../work-limits.ts';

export type RefusalTrials = {
  /** Whether now is the time; true is answered to one caller for each pause. */
  begin(credential: Pick<CredentialRecord, 'id' | 'stateAt'>): boolean;
  /** It was accepted, or is another one by now. */
  forget(credentialId: string): void;
};

const KEPT_MAX = 20_000;

export function createRefusalTrials(now: () => number): RefusalTrials {
  const trials = new Map<string, { readonly pauseMs: number; readonly nextAt: number }>();
  return {
    begin({ id, stateAt }) {
      const { pauseMs, nextAt } = trials.get(id) ?? {
        pauseMs: REFUSAL_PAUSE_MS,
        nextAt: (stateAt ?? 0) + REFUSAL_PAUSE_MS,
      };
      if (now() < nextAt) return false;
      if (trials.size >= KEPT_MAX) trials.clear();
      const pause = Math.min(pauseMs * 2, REFUSAL_PAUSE_MAX_MS);
      trials.set(id, { pauseMs: pause, nextAt: now() + pause });
      return true;
    },
    forget: (credentialId) => void trials.delete(credentialId),
  };
}
