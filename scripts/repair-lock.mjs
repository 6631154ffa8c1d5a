// Adds to package-lock.json the optional platform packages that a registry mirror left out.
//
// A lock that lacks an optional dependency named by one of its own entries fails `npm ci` on every
// machine. Run this after each `npm install`. It only adds missing optional entries, never changes one.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/** @typedef {{version: string, os?: string[], cpu?: string[], libc?: string[], engines?: object}} Manifest */

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const packages = lock.packages;

let added = 0;
for (const [path, entry] of Object.entries(packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (packages[`node_modules/${name}`] || packages[`${path}/node_modules/${name}`]) continue;
    const { version, cpu, os, libc, engines } = manifestOf(name, range);
    packages[`node_modules/${name}`] = { version, optional: true, cpu, os, libc, engines, dev: entry.dev };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} optional entries added`);

/**
 * What the registry says of the newest version in `range`; the range alone where the registry lacks the package.
 *
 * @param {string} name
 * @param {string} range
 * @returns {Manifest}
 */
function manifestOf(name, range) {
  try {
    const out = execFileSync('npm', ['view', `${name}@${range}`, '--json', 'version', 'os', 'cpu', 'libc', 'engines'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const found = JSON.parse(out);
    return Array.isArray(found) ? found.at(-1) : found;
  } catch {
    return { version: range };
  }
}
