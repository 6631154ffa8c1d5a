// Waits to be told to stop: the first signal ends calmly, the second at once.

import { constants } from 'node:os';

/** A terminal signals the whole process group and npm hands the signal on: one Ctrl-C may arrive twice. */
const SAME_SIGNAL_MS = 300;

/** Resolves with the first SIGINT or SIGTERM; from then on another one ends the process with 128 + its number. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    const onSignal = (signal: NodeJS.Signals): void => {
      const now = performance.now();
      if (firstAt !== null && now - firstAt >= SAME_SIGNAL_MS) process.exit(128 + constants.signals[signal]);
      firstAt ??= now;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
