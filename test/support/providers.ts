// The stand-ins, remembered: every hub that a test closes is searched for every secret that they ever gave out.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProviderName, ProviderOptions, RunningProvider } from '../../providers/index.ts';
import { startProvider as start } from '../../providers/index.ts';

export type { Era, ProviderName, ProviderOptions, RunningProvider } from '../../providers/index.ts';

const given: ReadonlySet<string>[] = [];
/** Shorter ones may stand somewhere by chance. */
const SECRET_MIN_CHARACTERS = 16;

export async function startProvider(name: ProviderName, options?: ProviderOptions): Promise<RunningProvider> {
  const provider = await start(name, options);
  rememberSecrets(provider.secretsIssued);
  return provider;
}

/** Secrets of a stand-in of another kind; the set may still grow. */
export function rememberSecrets(secrets: ReadonlySet<string>): void {
  given.push(secrets);
}

/** Where a secret stands that should stand nowhere: in texts given by name, or in a file below `folder`. */
export async function leaks(folder: string, texts: ReadonlyMap<string, string>): Promise<string[]> {
  const places = new Map(texts);
  const files = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  for (const file of files) {
    // The folder of references holds secrets that the test itself put there.
    if (!file.isFile() || file.parentPath.endsWith('/secrets')) continue;
    const path = join(file.parentPath, file.name);
    places.set(path, await readFile(path, 'latin1'));
  }
  const secrets = given.flatMap((set) => [...set]).filter((secret) => secret.length >= SECRET_MIN_CHARACTERS);
  const found: string[] = [];
  for (const [place, text] of places) {
    for (const secret of secrets) if (text.includes(secret)) found.push(`${secret.slice(0, 6)}… in ${place}`);
  }
  return found;
}
