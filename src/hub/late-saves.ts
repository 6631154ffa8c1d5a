// Rotated tokens that could not be saved yet. They are in memory alone, so a hub that closes gives them a last moment.

import { REFRESH_SAVE_LAST_MS } from '../work-limits.ts';

export type LateSaves = {
  /** Whether it is time to give up. */
  isOver(): boolean;
  /** @param saving ends, one way or the other, soon after `isOver` */
  keep(saving: Promise<unknown>): void;
  /** Waits a moment for what is kept. */
  close(): Promise<void>;
};

export function createLateSaves(): LateSaves {
  const kept = new Set<Promise<unknown>>();
  let isOver = false;
  return {
    isOver: () => isOver,
    keep(saving) {
      kept.add(saving);
      void saving.finally(() => kept.delete(saving));
    },
    async close() {
      const all = Promise.allSettled(kept);
      const timer = setTimeout(() => {
        isOver = true;
      }, REFRESH_SAVE_LAST_MS);
      await all;
      clearTimeout(timer);
      isOver = true;
    },
  };
}
