// An embedded installation becomes one on PostgreSQL: its rows are moved and compared, its secrets opened where they
// arrived. What does not lie in the database (keys, settings, referenced files) is for the operator to move.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { ChatelaineError } from '../errors.ts';
import type { Log } from '../hub/context.ts';
import { newId } from '../hub/ids.ts';
import type { Secret } from '../secret.ts';
import { openStore } from '../store/open-store.ts';
import type { MovedTable } from '../store/sql/move.ts';
import type { Settings } from './config.ts';
import { findKeys, openVault } from './encryption-keys.ts';
import { takeServingLock } from './serving-lock.ts';
import { readSecrets, type SecretsReport } from './stored-secrets.ts';

export type Move = { readonly tables: readonly MovedTable[]; readonly secrets: SecretsReport };

/**
 * Moves the database `file`, whose schema is brought up to date first, into the empty PostgreSQL database `url`.
 * The keys are those of the settings, or of the key file beside `file`. The original keeps its rows.
 *
 * @throws not_found, encryption_key_missing; invalid_settings when a server runs on the original; conflict when it is
 *   open elsewhere, when the target is not empty, when the schemas differ; store_unavailable. Then nothing was moved.
 */
export async function moveToPostgres(settings: Settings, file: string, url: Secret, log: Log): Promise<Move> {
  if (!existsSync(file)) throw new ChatelaineError('not_found', `There is no database at ${file}.`);
  const folder = dirname(file);
  const lock = takeServingLock(folder);
  try {
    const keys = await findKeys({ ...settings, dataFolder: folder }, log);
    if (keys === null) {
      throw new ChatelaineError(
        'encryption_key_missing',
        `There is no encryption key in ${folder} and none in the settings; without it nobody can tell whether the secrets arrive. Nothing was moved.`,
      );
    }
    const store = await openStore({ kind: 'sqlite', file });
    let before: SecretsReport;
    try {
      await openVault(store, keys.keyring);
      before = await readSecrets(store.sealed, keys.keyring);
    } finally {
      await store.close();
    }
    // Only here is the PostgreSQL client needed.
    const { moveDatabase } = await import('../store/sql/move.ts');
    const tables = await moveDatabase(file, url.reveal(), async ({ sealed, audit }) => {
      const after = await readSecrets(sealed, keys.keyring);
      if (after.count !== before.count || after.unreadable.join() !== before.unreadable.join()) {
        throw new ChatelaineError(
          'secret_unreadable',
          `Of ${before.count} secrets, ${before.unreadable.length} of which did not open, ${after.count} arrived and ${after.unreadable.length} do not open. Nothing was moved.`,
        );
      }
      const at = Date.now();
      const detail = { from: 'sqlite', to: 'postgres' };
      const subject = { connectorId: null, agentId: null, credentialId: null };
      await audit.append({ id: newId('aud', at), at, actor: 'cli', action: 'hub.moved', ...subject, detail });
    });
    return { tables, secrets: before };
  } finally {
    lock.release();
  }
}
