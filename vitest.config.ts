import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['chatelaine-source'] },
  ssr: { resolve: { conditions: ['chatelaine-source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    passWithNoTests: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
