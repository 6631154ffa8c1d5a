// `npm run check`: types, lint and formatting, unused code, house rules and the package's own shape, each
// on its own line; what a failing one printed follows.
import { availableParallelism } from 'node:os';
import { runQuietly } from './child.mjs';
import { NODE, ROOT } from './setup.mjs';

/** Longest first, so that two cores end at about one moment. */
const STEPS = [
  {
    title: 'package (build, publint)',
    commands: [
      ['scripts/run.mjs', 'build', '--noCheck'],
      ['node_modules/publint/src/cli.js', '--strict', '--pack', 'false'],
    ],
  },
  { title: 'types (tsc)', commands: [['node_modules/typescript/bin/tsc', '--noEmit']] },
  {
    title: 'types of the page and its tests (tsc)',
    commands: [
      ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.web.json'],
      ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.page-tests.json'],
    ],
  },
  {
    title: 'API types of the page are of today',
    commands: [['--conditions=chatelaine-source', 'scripts/api-types.mjs', '--check']],
  },
  { title: 'house rules', commands: [['node_modules/vitest/vitest.mjs', 'run', 'test/house.test.ts']] },
  { title: 'unused code (knip)', commands: [['node_modules/knip/bin/knip.js', '--no-progress']] },
  {
    title: 'unused outside tests (knip --production)',
    commands: [['node_modules/knip/bin/knip.js', '--no-progress', '--production']],
  },
  {
    title: 'lint and formatting (biome)',
    commands: [['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings']],
  },
];

/** @returns {Promise<number>} exit code */
export async function check() {
  const began = Date.now();
  const waiting = [...STEPS];
  /** @type {string[]} */
  const failures = [];
  const worker = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const stepBegan = Date.now();
      const complaint = await run(step);
      console.log(`${complaint === null ? '  ok    ' : '  FAILED'}  ${step.title}  ${seconds(stepBegan)}`);
      if (complaint !== null) failures.push(`--- ${step.title} ---\n${complaint}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, worker));

  for (const failure of failures) console.error(`\n${failure}`);
  const verdict = failures.length === 0 ? 'All checks passed' : `${failures.length} of ${STEPS.length} checks failed`;
  console.log(`${verdict} in ${seconds(began)}.`);
  return failures.length === 0 ? 0 : 1;
}

/**
 * @param {typeof STEPS[number]} step
 * @returns {Promise<string | null>} what it printed when it failed
 */
async function run(step) {
  for (const command of step.commands) {
    const { code, output } = await runQuietly(NODE, command, { cwd: ROOT });
    if (code !== 0) return output.trimEnd();
  }
  return null;
}

/** @param {number} since milliseconds */
function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
