// The web page in dist/web: built once, and again when one of its sources has changed.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './child.mjs';
import { NODE, oneAtATime, ROOT } from './setup.mjs';

const SOURCES = join(ROOT, 'web');
const PAGE = join(ROOT, 'dist', 'web');
/** Holds the digest of the sources that the page was built from. */
const STAMP = join(PAGE, '.sources');
/** What decides over the page besides its own folder. */
const ALSO = ['vite.config.ts', 'package-lock.json'];

/** Builds the page unless it is there and fits its sources. A published package has it, and no sources. */
export async function ensurePage() {
  if (!existsSync(SOURCES) || isFresh()) return;
  await oneAtATime(async () => {
    if (isFresh()) return;
    console.log('Setting up: building the page, a few seconds…');
    const { code, output } = await buildPage();
    if (code !== 0) throw new Error(`${output.trimEnd()}\n\nSet-up failed: the page could not be built (see above).`);
  });
}

/** @returns {Promise<{code: number, output: string}>} */
export async function buildPage() {
  const digest = digestOfSources();
  const result = await runQuietly(NODE, ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn'], {
    cwd: ROOT,
  });
  if (result.code === 0) writeFileSync(STAMP, digest);
  return result;
}

function isFresh() {
  try {
    return readFileSync(STAMP, 'utf8') === digestOfSources();
  } catch {
    return false;
  }
}

/** Of contents, not times: a checkout that goes back and forth builds nothing anew. */
function digestOfSources() {
  const hash = createHash('sha256');
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .map((name) => join('web', name))
    .filter((name) => statSync(join(ROOT, name)).isFile());
  for (const name of [...files.sort(), ...ALSO])
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(ROOT, name)))
      .update('\0');
  return hash.digest('hex');
}
