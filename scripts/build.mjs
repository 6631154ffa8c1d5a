// Builds dist/, which is what gets published: sources and demo providers as JavaScript with declarations,
// beside them the files they read (style sheets, images) unchanged, and the page.
import { cpSync, existsSync, rmSync } from 'node:fs';
import { extname, join } from 'node:path';
import { runChild } from './child.mjs';
import { buildPage } from './page.mjs';
import { NODE, ROOT } from './setup.mjs';

const DIST = join(ROOT, 'dist');

/**
 * @param {readonly string[]} compilerArgs
 * @returns {Promise<number>} exit code
 */
export async function build(compilerArgs) {
  rmSync(DIST, { recursive: true, force: true });
  const code = await runChild(NODE, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', ...compilerArgs], {
    cwd: ROOT,
  });
  if (code !== 0) return code;
  for (const folder of ['src', 'providers']) {
    const from = join(ROOT, folder);
    if (!existsSync(from)) continue;
    cpSync(from, join(DIST, folder), { recursive: true, filter: (file) => !['.ts', '.md'].includes(extname(file)) });
  }
  const page = await buildPage();
  if (page.code !== 0) console.error(page.output.trimEnd());
  return page.code;
}
