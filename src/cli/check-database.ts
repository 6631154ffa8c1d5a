// `chatelaine doctor` on what is stored: does the database answer, do the keys fit it, does the clock agree
// with it, can anybody call the API.

import { existsSync } from 'node:fs';
import type { Settings } from '../server/config.ts';
import { keysOfSettings, loadKeys, openVault } from '../server/encryption-keys.ts';
import { createLog } from '../server/log.ts';
import { openStoreOf } from '../server/serve.ts';
import type { Store } from '../store/store.ts';
import { type Check, checked, fail, ok, warn } from './check.ts';
import { commandLine } from './invocation.ts';
import { iso } from './times.ts';
import { keyFileOf, keysAreSet } from './with-hub.ts';

/** Nothing that this version can talk to existed before. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
/** Two machines of one database never agree to the millisecond. */
const SKEW_MS = 5_000;

/** Everything about the database; of one that is not there yet only what can be said without making it. */
export async function checkDatabase(settings: Settings): Promise<Check[]> {
  const { database } = settings;
  if (database.kind === 'sqlite' && !existsSync(database.file)) {
    return [
      ok('database', `${database.file} is not there yet; the first start makes it`),
      await checkKeysAlone(settings),
      checkFloor(Date.now()),
    ];
  }
  let store: Store | null = null;
  const answers = await checked('database', async () => {
    store = await openStoreOf(settings);
    await store.ping();
    return ok(
      'database',
      database.kind === 'sqlite' ? `${database.file}, up to date` : 'PostgreSQL answers, up to date',
    );
  });
  // Assigned in the callback, which the compiler does not follow.
  const opened = store as Store | null;
  if (opened === null) return [answers, await checkKeysAlone(settings), checkFloor(Date.now())];
  try {
    return [answers, await checkKeys(settings, opened), await checkClock(opened), await checkCallers(settings, opened)];
  } finally {
    await opened.close();
  }
}

function checkKeysAlone(settings: Settings): Promise<Check> {
  return checked('encryption key', async () => {
    const set = await keysOfSettings(settings, createLog(settings.logLevel, 'stderr'));
    if (set === null) return ok('encryption key', 'from the key file, or made at the first start');
    return ok('encryption key', `${set.keyring.current.id} encrypts`);
  });
}

function checkKeys(settings: Settings, store: Store): Promise<Check> {
  return checked('encryption key', async () => {
    const present = keysAreSet(settings) || existsSync(keyFileOf(settings));
    // To load would be to make one.
    if (!present && (await store.sealed.isEmpty())) return ok('encryption key', 'none yet; the first start makes it');
    const { keyring } = await loadKeys(store, settings, createLog(settings.logLevel, 'stderr'));
    await openVault(store, keyring);
    return ok('encryption key', `${keyring.current.id} encrypts; the keys are those of this database`);
  });
}

function checkClock(store: Store): Promise<Check> {
  return checked('clock', async () => {
    const now = Date.now();
    const newest = (await store.audit.list({}, { limit: 1 })).items[0]?.at ?? 0;
    if (newest > now + SKEW_MS) {
      return fail(
        'clock',
        `the newest record is of ${iso(newest)}, this machine says ${iso(now)}`,
        'Set the clock of this machine, or of the one that wrote the record.',
      );
    }
    return checkFloor(now);
  });
}

function checkFloor(now: number): Check {
  if (now >= EARLIEST_MS) return ok('clock', iso(now));
  return fail('clock', `this machine says ${iso(now)}`, 'Set the clock: certificates and tokens are judged by it.');
}

function checkCallers(settings: Settings, store: Store): Promise<Check> {
  return checked('callers', async () => {
    if (settings.adminToken !== null) return ok('callers', 'CHATELAINE_ADMIN_TOKEN is set');
    const count = await store.apiTokens.count();
    if (count > 0) return ok('callers', `${count} API token${count === 1 ? '' : 's'}`);
    return warn('callers', 'nobody can call the API', commandLine(['tokens', 'create', '--role', 'owner']));
  });
}
