// Backups of an embedded installation: one file, taken while the hub serves and put back on an empty machine. The
// encryption keys are never in it: whoever finds a backup finds no secret that opens.

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ChatelaineError } from '../errors.ts';
import type { Log } from '../hub/context.ts';
import { newId } from '../hub/ids.ts';
import { openStore } from '../store/open-store.ts';
import { examineSnapshot, sealSnapshot, takeSnapshot, unsealSnapshot } from '../store/sql/sqlite-snapshot.ts';
import type { Settings } from './config.ts';
import { findKeys, openVault } from './encryption-keys.ts';
import { takeServingLock } from './serving-lock.ts';
import { readSecrets, type SecretsReport } from './stored-secrets.ts';
import { VERSION } from './version.ts';

export type Backup = {
  readonly file: string;
  readonly madeAt: number;
  /** Its newest migration. */
  readonly schema: string;
  /** null where the keys are not at hand, or the database waits for a migration: then they were not looked at. */
  readonly secrets: SecretsReport | null;
};

/**
 * Writes the embedded database of these settings to the new file `target`, beside a running hub, and proves that
 * the copy is whole before it gets its name.
 *
 * @throws invalid_settings where the data is in PostgreSQL, conflict when `target` exists, not_found, store_unavailable
 */
export async function backUp(settings: Settings, target: string, log: Log): Promise<Backup> {
  const source = embeddedFileOf(settings, 'pg_dump --format=custom --no-owner --file=FILE "$CHATELAINE_DATABASE_URL"');
  refuseExisting(target);
  const keys = await findKeys(settings, log);
  const unfinished = `${target}.unfinished-${process.pid}`;
  const madeAt = Date.now();
  try {
    takeSnapshot(source, unfinished);
    const { schema, isPresent } = examineSnapshot(unfinished);
    let secrets: SecretsReport | null = null;
    if (keys !== null && isPresent) {
      const store = await openStore({ kind: 'sqlite', file: unfinished });
      secrets = await readSecrets(store.sealed, keys.keyring).finally(() => store.close());
    }
    sealSnapshot(unfinished, { madeAt, version: VERSION });
    await putInPlace(unfinished, target);
    return { file: target, madeAt, schema, secrets };
  } finally {
    removeDatabase(unfinished);
  }
}

export type Restoration = {
  readonly file: string;
  /** null of a copy that `backup` did not make. */
  readonly madeAt: number | null;
  readonly secrets: SecretsReport;
};

/**
 * Puts a backup into the empty data folder of these settings, brought to the present schema. Everything is proven
 * on a copy beside its place; until then the folder holds no database.
 *
 * @throws invalid_settings where the settings name PostgreSQL or a server runs on the folder, conflict when a
 *   database is there, encryption_key_missing without the keys that it needs, store_unavailable when it is damaged
 *   or of a newer version
 */
export async function restore(settings: Settings, source: string, log: Log): Promise<Restoration> {
  const target = embeddedFileOf(
    settings,
    'pg_restore --no-owner --single-transaction --dbname="$CHATELAINE_DATABASE_URL" FILE, into an empty database',
  );
  if (!existsSync(source)) throw new ChatelaineError('not_found', `There is no file ${source}.`);
  mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });
  const lock = takeServingLock(settings.dataFolder);
  const unfinished = `${target}.unfinished-${process.pid}`;
  try {
    for (const suffix of ['', '-wal', '-shm']) refuseExisting(`${target}${suffix}`);
    examineSnapshot(source);
    takeSnapshot(source, unfinished);
    const { madeAt } = unsealSnapshot(unfinished);
    const secrets = await proveAndMark(settings, unfinished, madeAt, log);
    await putInPlace(unfinished, target);
    return { file: target, madeAt, secrets };
  } finally {
    removeDatabase(unfinished);
    lock.release();
  }
}

/** Whether the keys at hand are those of this database; with a line in its audit log, which goes on from there. */
async function proveAndMark(settings: Settings, file: string, madeAt: number | null, log: Log): Promise<SecretsReport> {
  const store = await openStore({ kind: 'sqlite', file });
  try {
    const keys = await findKeys(settings, log);
    if (keys === null) {
      throw new ChatelaineError(
        'encryption_key_missing',
        `Nothing was restored: a backup does not hold the encryption key. Put encryption.key into ${settings.dataFolder} (mode 0600), or set CHATELAINE_ENCRYPTION_KEYS or CHATELAINE_ENCRYPTION_KEYS_COMMAND, and run this again.`,
      );
    }
    await openVault(store, keys.keyring);
    const secrets = await readSecrets(store.sealed, keys.keyring);
    const at = Date.now();
    await store.audit.append({
      id: newId('aud', at),
      at,
      actor: 'cli',
      action: 'hub.restored',
      connectorId: null,
      agentId: null,
      credentialId: null,
      detail: { backupMadeAt: madeAt === null ? null : new Date(madeAt).toISOString() },
    });
    return secrets;
  } finally {
    await store.close();
  }
}

/** @param instead what PostgreSQL's own tool is called with */
function embeddedFileOf({ database }: Settings, instead: string): string {
  if (database.kind === 'sqlite') return database.file;
  throw new ChatelaineError(
    'invalid_settings',
    `CHATELAINE_DATABASE_URL: the data is in PostgreSQL, whose own tools do this: ${instead}. The encryption keys and the settings are not in it and are saved apart; see docs/backup.md.`,
  );
}

function refuseExisting(file: string): void {
  if (existsSync(file)) {
    throw new ChatelaineError('conflict', `${file} is there already and is never overwritten; move it away first.`);
  }
}

/** On the disk before it has its name, so that a file of that name is a whole one. */
async function putInPlace(unfinished: string, target: string): Promise<void> {
  await flush(unfinished);
  refuseExisting(target);
  renameSync(unfinished, target);
  await flush(dirname(target));
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

function removeDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
}
