// Reads what a stored reference points at: an environment variable that is meant for it, or a file inside
// the secrets folder and nowhere else.

import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { ChatelaineError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { secretFromEnvironment } from './config.ts';

const MAX_BYTES = 64 * 1024;

/** @returns a reader of `env:NAME` and `file:NAME`; null where the name holds nothing */
export function referenceReader(secretsFolder: string): (reference: string) => Promise<Secret | null> {
  return async (reference) => {
    const colon = reference.indexOf(':');
    const kind = reference.slice(0, colon);
    const name = reference.slice(colon + 1);
    if (kind === 'env') return secretFromEnvironment(name);
    return readInside(secretsFolder, name);
  };
}

async function readInside(folder: string, name: string): Promise<Secret | null> {
  try {
    const root = await realpath(folder);
    // Links are followed (mounted secrets are links), but only to files below the folder.
    const file = await realpath(join(root, name));
    if (!file.startsWith(root + sep)) throw outside();
    const content = await readFile(file);
    if (content.length > MAX_BYTES)
      throw new ChatelaineError('secret_reference_invalid', 'The referenced file is too large for a secret.');
    return new Secret(content.toString('utf8').trim());
  } catch (error) {
    if (error instanceof ChatelaineError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ChatelaineError(
      'secret_reference_invalid',
      'The referenced file cannot be read; check its owner and mode.',
      { cause: error },
    );
  }
}

const outside = (): ChatelaineError =>
  new ChatelaineError('secret_reference_invalid', 'A file: reference must stay inside CHATELAINE_SECRETS_DIR.');
