// A stored secret may be a pointer, `env:NAME` or `file:NAME`, read at the moment of use, so that the
// secret itself stays with whoever rotates it.

import { ChatelaineError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { HubContext } from './context.ts';

const REFERENCE = /^(env|file):(.*)$/s;
const ENV_NAME = /^CHATELAINE_SECRET_[A-Za-z0-9_]+$/;
const FILE_NAME = /^(?!\.)[A-Za-z0-9._-]{1,255}$/;

export const isReference = (secret: Secret): boolean => REFERENCE.test(secret.reveal());

/** Refuses a reference that could never be read. @throws secret_reference_invalid naming `field` */
export function checkReference(secret: Secret, field: string): void {
  const match = REFERENCE.exec(secret.reveal());
  if (match === null) return;
  const [, kind, name = ''] = match;
  if (kind === 'env' && !ENV_NAME.test(name)) {
    throw new ChatelaineError(
      'secret_reference_invalid',
      `${field}: an env: reference names a variable that begins with CHATELAINE_SECRET_.`,
      {
        details: { field },
      },
    );
  }
  if (kind === 'file' && !FILE_NAME.test(name)) {
    throw new ChatelaineError(
      'secret_reference_invalid',
      `${field}: a file: reference is a plain file name inside CHATELAINE_SECRETS_DIR, without folders.`,
      { details: { field } },
    );
  }
}

/** The secret itself: what is stored, or what the reference points at now. @throws secret_reference_invalid */
export async function readSecret(context: HubContext, stored: Secret): Promise<Secret> {
  if (!isReference(stored)) return stored;
  checkReference(stored, 'secret');
  const found = await context.readReference(stored.reveal());
  if (found === null || found.isEmpty) {
    throw new ChatelaineError(
      'secret_reference_invalid',
      `The reference ${stored.reveal()} points at nothing; set it, or enter the secret itself.`,
    );
  }
  return new Secret(found.reveal().trim());
}
