// The version of this package, from its own manifest, which lies at another depth once the package is built.

import { existsSync, readFileSync } from 'node:fs';

function manifestAbove(folder: URL): URL {
  const here = new URL('package.json', folder);
  if (existsSync(here) || folder.pathname === '/') return here;
  return manifestAbove(new URL('..', folder));
}

const manifest = JSON.parse(readFileSync(manifestAbove(new URL('.', import.meta.url)), 'utf8')) as { version: string };

export const VERSION: string = manifest.version;
