// What a fault is.

import type { World } from './world.ts';

export type Fault = {
  readonly name: string;
  /** Part of the short form in `npm test`. */
  readonly isShort?: boolean;
  /** How many faults one injection is, one after the other; 1 unless said otherwise. */
  readonly count?: number;
  /** Reported as left out where there are none. */
  readonly needsNamespaces?: boolean;
  /** Puts it in, and lets it last as long as it should. */
  inject(world: World): Promise<void>;
  /** Takes it out: from here on everything must be well again by itself within ten seconds. */
  end(world: World): Promise<void>;
};

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
