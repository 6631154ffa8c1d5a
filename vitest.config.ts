// How `npm test` runs: on sources, two files at a time, and red when not one test ran.

import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

/** A filter that matches no title skips everything, which vitest itself calls a success. */
const failWhenNothingRan: Reporter = {
  onTestRunEnd(modules) {
    const ran = modules.some((module) =>
      [...module.children.allTests()].some((one) => one.result().state !== 'skipped'),
    );
    if (!ran) process.exitCode = 1;
  },
};

export default defineConfig({
  resolve: { conditions: ['chatelaine-source'] },
  ssr: { resolve: { conditions: ['chatelaine-source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', failWhenNothingRan],
    passWithNoTests: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
