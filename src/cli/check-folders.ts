// `chatelaine doctor` on the file system: who else may read the data, the key and the referenced secrets.

import { access, constants, stat } from 'node:fs/promises';
import type { Settings } from '../server/config.ts';
import { type Check, checked, fail, ok, warn } from './check.ts';
import { keyFileOf, keyPlaceOf, keysAreSet } from './with-hub.ts';

const OTHERS = 0o077;
const OTHERS_MAY_WRITE = 0o022;

export function checkDataFolder(settings: Settings): Promise<Check> {
  return checked('data folder', async () => {
    const folder = settings.dataFolder;
    const mode = await modeOf(folder);
    if (mode === null) return ok('data folder', `${folder} is not there yet; the first start makes it`);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    const open = (mode & OTHERS) !== 0;
    if (open)
      return warn('data folder', `${folder} is open to other users (mode ${octal(mode)})`, `chmod 700 ${folder}`);
    return ok('data folder', folder);
  });
}

export function checkKeyFile(settings: Settings): Promise<Check> {
  return checked('key file', async () => {
    const file = keyFileOf(settings);
    const mode = await modeOf(file);
    if (keysAreSet(settings)) {
      if (mode === null) return ok('key file', `not used: the keys are from ${keyPlaceOf(settings)}`);
      return warn(
        'key file',
        `${file} is there, but ${keyPlaceOf(settings)} counts`,
        'Remove the one that is not meant, after a backup.',
      );
    }
    if (mode === null) return ok('key file', 'none yet');
    if ((mode & OTHERS) !== 0)
      return fail('key file', `${file} can be read by other users (mode ${octal(mode)})`, `chmod 600 ${file}`);
    return ok('key file', `${file}; keep a copy apart from the data`);
  });
}

export function checkSecretsFolder(settings: Settings): Promise<Check> {
  return checked('secrets folder', async () => {
    const folder = settings.secretsFolder;
    const mode = await modeOf(folder);
    if (mode === null) return ok('secrets folder', `${folder} is not there; only file: references need it`);
    await access(folder, constants.R_OK | constants.X_OK);
    if ((mode & OTHERS_MAY_WRITE) !== 0 && (mode & 0o1000) === 0) {
      return warn(
        'secrets folder',
        `${folder} can be changed by other users (mode ${octal(mode)})`,
        `chmod go-w ${folder}`,
      );
    }
    return ok('secrets folder', folder);
  });
}

/** Permission bits, null where there is no such file; 0 where the system has no such bits. */
async function modeOf(path: string): Promise<number | null> {
  try {
    const { mode } = await stat(path);
    return process.platform === 'win32' ? 0 : mode & 0o7777;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
