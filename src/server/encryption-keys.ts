// Finds the encryption keys, or makes one for a new hub, and makes sure that they are the keys of this
// database. A key that is missing is never replaced by a new one over existing secrets.

import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChatelaineError, isChatelaineError } from '../errors.ts';
import type { Log } from '../hub/context.ts';
import { Secret } from '../secret.ts';
import type { Store } from '../store/store.ts';
import { generateKey, type Keyring, parseKeyring } from '../vault/keyring.ts';
import { createVault, type Vault } from '../vault/seal.ts';
import { environmentOfOthers, type Settings } from './config.ts';
import { KEYS_COMMAND, runKeysCommand } from './keys-command.ts';

export const KEY_FILE = 'encryption.key';
const CANARY = 'canary';
const CANARY_CONTEXT = { kind: 'meta.canary', id: CANARY };

export type KeySettings = Pick<Settings, 'encryptionKeys' | 'encryptionKeysCommand' | 'dataFolder'>;

export type KeyOrigin = 'setting' | 'command' | 'file' | 'made';

/** The keys that a setting names; null where the key file is to hold them. @throws encryption_key_missing, invalid_settings */
export async function keysOfSettings(
  { encryptionKeys, encryptionKeysCommand }: KeySettings,
  log: Log,
): Promise<{ keyring: Keyring; origin: KeyOrigin } | null> {
  if (encryptionKeys !== null) return { keyring: encryptionKeys, origin: 'setting' };
  if (encryptionKeysCommand === null) return null;
  const printed = await runKeysCommand(encryptionKeysCommand, environmentOfOthers(), log);
  return { keyring: parseKeyring(printed.reveal(), `${KEYS_COMMAND} printed`), origin: 'command' };
}

/** The keys that are at hand; null when there are none, and none is made. @throws encryption_key_missing, invalid_settings */
export async function findKeys(
  settings: KeySettings,
  log: Log,
): Promise<{ keyring: Keyring; origin: KeyOrigin } | null> {
  const set = await keysOfSettings(settings, log);
  if (set !== null) return set;
  const file = join(settings.dataFolder, KEY_FILE);
  const present = await readKeyFile(file);
  return present === null ? null : { keyring: parseKeyring(present.trim(), file), origin: 'file' };
}

/** The keys and where they came from. @throws encryption_key_missing, invalid_settings */
export async function loadKeys(
  store: Store,
  settings: KeySettings,
  log: Log,
): Promise<{ keyring: Keyring; origin: KeyOrigin }> {
  const found = await findKeys(settings, log);
  if (found !== null) return found;
  if (!(await store.sealed.isEmpty())) {
    throw new ChatelaineError(
      'encryption_key_missing',
      `The database holds encrypted secrets, but their key is missing: put ${KEY_FILE} back into ${settings.dataFolder}, or set CHATELAINE_ENCRYPTION_KEYS or ${KEYS_COMMAND}.`,
    );
  }
  const made = await makeKeyFile(settings.dataFolder, join(settings.dataFolder, KEY_FILE));
  return { keyring: parseKeyring(made), origin: 'made' };
}

/**
 * A vault whose keys are proven to be this database's.
 *
 * @throws encryption_key_missing when the database was encrypted with keys that are not among these
 */
export async function openVault(store: Store, keyring: Keyring): Promise<Vault> {
  const vault = createVault(keyring);
  const mine = await vault.seal(new Secret('chatelaine'), CANARY_CONTEXT);
  const standing = await store.meta.setOnce(CANARY, mine);
  try {
    await vault.open(standing, CANARY_CONTEXT);
  } catch (error) {
    if (!isChatelaineError(error, 'secret_unreadable')) throw error;
    throw new ChatelaineError(
      'encryption_key_missing',
      `The secrets of this database were encrypted with the key ${vault.keyIdOf(standing) ?? '?'}, which is not among the given ones: add it to CHATELAINE_ENCRYPTION_KEYS (or to what the command prints), or put the key file back.`,
      { cause: error },
    );
  }
  return vault;
}

async function readKeyFile(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ChatelaineError(
      'encryption_key_missing',
      `The key file ${file} cannot be read; check its owner and mode (0600).`,
      { cause: error },
    );
  }
}

async function makeKeyFile(folder: string, file: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = generateKey();
  try {
    // Exclusive: of two processes that start together one makes the key and the other reads it.
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(`${key}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const theirs = (await readKeyFile(file))?.trim() ?? '';
  if (theirs === '')
    throw new ChatelaineError(
      'encryption_key_missing',
      `The key file ${file} is being written by another process; start again.`,
    );
  return theirs;
}
