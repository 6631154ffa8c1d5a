// The one door behind every npm command: does the set-up that is missing, then runs the command on the
// project's own Node. Runs itself on any Node from 18 on, without a dependency.
import { build } from './build.mjs';
import { check } from './check.mjs';
import { runChild } from './child.mjs';
import { ensurePage } from './page.mjs';
import { ensureBrowser, ensurePackages, NODE, ROOT, SERVER_FLAGS } from './setup.mjs';

/** Lets `chatelaine` and its sub-paths mean this repository's sources instead of the build. */
const SOURCE = '--conditions=chatelaine-source';

/** @type {Record<string, (args: string[]) => Promise<number>>} */
const COMMANDS = {
  setup: async () => 0,
  start: (args) => withPage(() => chatelaine(['serve', ...args])),
  demo: (args) => withPage(() => chatelaine(['demo', ...args])),
  chatelaine,
  test: async (args) => {
    await ensureBrowser();
    await ensurePage();
    return runChild(NODE, ['node_modules/vitest/vitest.mjs', 'run', ...args], { cwd: ROOT });
  },
  check,
  build,
  bench: async (args) => {
    await ensureBrowser();
    await ensurePage();
    return runChild(NODE, [SOURCE, 'bench/run.ts', ...args], { cwd: ROOT });
  },
  'api-types': () => runChild(NODE, [SOURCE, 'scripts/api-types.mjs'], { cwd: ROOT }),
  'schema-dumps': () => runChild(NODE, [SOURCE, 'test/migrations/write-dumps.ts'], { cwd: ROOT }),
  screenshots: (args) => runChild(NODE, [SOURCE, 'scripts/screenshots.mjs', ...args], { cwd: ROOT }),
  'web:dev': (args) => runChild(NODE, ['node_modules/vite/bin/vite.js', ...args], { cwd: ROOT }),
  conformance: (args) => runChild(NODE, [SOURCE, 'conformance/run.ts', ...args], { cwd: ROOT }),
  rotation: (args) =>
    runChild(NODE, ['node_modules/vitest/vitest.mjs', 'run', 'test/flow/rotation.test.ts', ...args], {
      cwd: ROOT,
      env: { ...process.env, ROTATION: 'long' },
    }),
  soak: (args) => runChild(NODE, [SOURCE, 'soak/run.ts', ...args], { cwd: ROOT }),
  faults: (args) => runChild(NODE, [SOURCE, 'faults/run.ts', ...args], { cwd: ROOT }),
};

/** @param {() => Promise<number>} serve */
async function withPage(serve) {
  await ensurePage();
  return serve();
}

/** @param {string[]} args */
function chatelaine(args) {
  return runChild(NODE, [...SERVER_FLAGS, `${ROOT}/bin/chatelaine.mjs`, ...args]);
}

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (!command) {
  console.error(`"${name}" is not a command; there are: ${Object.keys(COMMANDS).join(', ')}.`);
  process.exit(2);
}
try {
  await ensurePackages();
  process.exitCode = await command(args);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
