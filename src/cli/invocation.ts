// How this program was called, so that a command it recommends can be pasted as it stands.

import { basename, relative } from 'node:path';

/** `args` behind whatever starts this very program, quoted for a POSIX shell. */
export function commandLine(args: readonly string[]): string {
  return [...program(), ...args].map(quoted).join(' ');
}

function program(): readonly string[] {
  const script = process.argv[1] ?? 'chatelaine';
  if (basename(script) === 'chatelaine')
    return script.includes('node_modules') ? ['npx', 'chatelaine'] : ['chatelaine'];
  // From a checkout npm brings the right version of Node along.
  if (import.meta.url.endsWith('.ts')) return ['npm', 'run', 'chatelaine', '--'];
  return ['node', relative(process.cwd(), script)];
}

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
