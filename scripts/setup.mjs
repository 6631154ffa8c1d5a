// Set-up that a fresh clone lacks: the packages of package-lock.json (among them the project's own Node)
// and, for the tests, a browser. When all is there this costs a few milliseconds.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runQuietly } from './child.mjs';
import { findChromium } from './chromium.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
/** The project's own Node, brought by the devDependency `node`. */
export const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');

/**
 * As in the first line of bin/chatelaine.mjs, and one that older versions of Node do not know: the debugger
 * stays shut from the first moment on.
 */
export const SERVER_FLAGS = ['--max-semi-space-size=8', '--disable-sigusr1'];

/** No install takes longer; a lock this old belongs to a process whose number was given to another. */
const LOCK_LIFETIME_MS = 15 * 60_000;
/** Between making the lock folder and writing its owner there is a moment without one. */
const LOCK_GRACE_MS = 5_000;

const BIN = join(ROOT, 'node_modules', '.bin');

/** Installs what package-lock.json names, unless it is there already; puts the project's Node first on the PATH. */
export async function ensurePackages() {
  if (!isInstalled()) await oneAtATime(install);
  process.env.PATH = [BIN, pathWithoutProject()].join(delimiter);
}

/** Finds a Chromium for the browser tests, or installs Debian's; says what to do where neither works. */
export async function ensureBrowser() {
  if (findChromium()) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('Setting up: installing Chromium for the browser tests…');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await runQuietly('apt-get', ['update'], { env });
    await runQuietly('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], { env });
    if (findChromium()) return;
  }
  console.log('No Chromium found; the browser tests will fail. Install one: npx playwright-core install chromium');
}

/**
 * npm writes node_modules/.package-lock.json last, after every package and install script, so comparing
 * it with package-lock.json tells whether an install, by whomever, ran to its end and is still the right one.
 */
function isInstalled() {
  if (!existsSync(NODE)) return false;
  const wanted = packagesOf(join(ROOT, 'package-lock.json'));
  const present = packagesOf(join(ROOT, 'node_modules', '.package-lock.json'));
  return Object.entries(wanted).every(([path, entry]) => {
    const found = present[path];
    return path === '' || (found ? found.version === entry.version : Boolean(entry.optional || entry.devOptional));
  });
}

/**
 * @param {string} file
 * @returns {Record<string, {version?: string, optional?: boolean, devOptional?: boolean}>}
 */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return {};
  }
}

async function install() {
  if (isInstalled()) return;
  console.log('Setting up: installing packages, once, about a minute…');
  // npm must not run on the Node that it is about to replace.
  const env = { ...process.env, PATH: pathWithoutProject() };
  const { code, output } = await runQuietly('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    env,
  });
  if (code !== 0) throw new Error(`${output.trimEnd()}\n\nSet-up failed: "npm ci" ended with ${code} (see above).`);
  if (!existsSync(NODE)) {
    throw new Error(
      'Set-up failed: the "node" package brought no Node. Allow install scripts (npm config ignore-scripts) and start again.',
    );
  }
}

function pathWithoutProject() {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== BIN)
    .join(delimiter);
}

/**
 * Two first starts at one moment must not install into one folder: the second waits for the first.
 *
 * @param {() => Promise<void>} work
 */
export async function oneAtATime(work) {
  const lock = join(tmpdir(), `chatelaine-setup-${createHash('sha256').update(ROOT).digest('hex').slice(0, 16)}`);
  for (let told = false; !claim(lock); told = true) {
    if (!told) console.log('Waiting for another set-up of this folder to end…');
    await wait(500);
  }
  try {
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/**
 * True when this process now holds the lock; a lock whose owner is gone is cleared for the next try.
 *
 * @param {string} lock
 */
function claim(lock) {
  const owner = join(lock, 'pid');
  try {
    mkdirSync(lock);
    writeFileSync(owner, String(process.pid));
    return true;
  } catch {
    if (isAbandoned(lock, owner)) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

/**
 * @param {string} lock
 * @param {string} owner
 */
function isAbandoned(lock, owner) {
  try {
    const ageMs = Date.now() - statSync(lock).mtimeMs;
    return ageMs > LOCK_LIFETIME_MS || (ageMs > LOCK_GRACE_MS && !isAlive(Number(readFileSync(owner, 'utf8'))));
  } catch {
    return false;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
