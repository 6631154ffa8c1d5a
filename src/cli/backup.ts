// `chatelaine backup` and `chatelaine restore`: an embedded installation as one file, and back.

import { resolve } from 'node:path';
import { type Backup, backUp, type Restoration, restore as restoreInto } from '../server/backup.ts';
import { readSettings } from '../server/config.ts';
import { createLog } from '../server/log.ts';
import type { SecretsReport } from '../server/stored-secrets.ts';
import { command } from './command.ts';
import { STORE_OPTIONS } from './setting-options.ts';
import { isoOrNull } from './times.ts';
import { keyPlaceOf } from './with-hub.ts';

export const backup = command({
  operands: ['file'],
  details: [
    'Works beside a running hub and changes nothing in it. The file (mode 0600) is a SQLite database with everything',
    'that the hub stores. Not in it: the encryption keys, without which no secret in it opens, and the settings.',
    'Save those apart. With PostgreSQL it says which commands of PostgreSQL to use.',
  ].join('\n'),
  options: STORE_OPTIONS,
  async run({ values, operands: [file = ''] }, output) {
    const settings = readSettings(undefined, values);
    const made = await backUp(settings, resolve(file), createLog(settings.logLevel, 'stderr'));
    output.result(
      { ...made, madeAt: isoOrNull(made.madeAt), keys: keyPlaceOf(settings) },
      backupVerdict(made, keyPlaceOf(settings)),
    );
    return 0;
  },
});

export const restore = command({
  operands: ['file'],
  details: [
    'Into a data folder without a database, which is refused otherwise. First put the encryption keys where the hub',
    'will find them: the key file into the folder, or the setting. The file is looked through, brought to the present',
    'schema, and every secret in it opened, before it is put in place.',
  ].join('\n'),
  options: STORE_OPTIONS,
  async run({ values, operands: [file = ''] }, output) {
    const settings = readSettings(undefined, values);
    const restored = await restoreInto(settings, resolve(file), createLog(settings.logLevel, 'stderr'));
    output.result({ ...restored, madeAt: isoOrNull(restored.madeAt) }, restoreVerdict(restored));
    return 0;
  },
});

function backupVerdict({ file, schema, secrets }: Backup, keys: string): string {
  return [
    `Backed up to ${file}; the copy was read through and is whole.`,
    secrets === null
      ? `Whether the keys open its secrets was not looked at: no key is at hand, or its schema (${schema}) waits for an update.`
      : secretsVerdict(secrets),
    '',
    `NOT in it: the encryption keys (${keys}). Without them no secret in this backup can ever be read.`,
    'Keep them apart from it, for whoever has both has the secrets. Settings, and the files and variables that',
    'file: and env: references name, are not in it either.',
  ].join('\n');
}

function restoreVerdict({ file, madeAt, secrets }: Restoration): string {
  return [
    `Restored to ${file}${madeAt === null ? '' : `, as it was on ${isoOrNull(madeAt)}`}.`,
    secretsVerdict(secrets),
    '',
    'What was revoked, removed or signed out since then is back: look through keys, tokens and people.',
    'Connections whose refresh token was renewed since then will ask to be connected again. The hub that this was',
    'taken from must not run any more.',
  ].join('\n');
}

function secretsVerdict({ count, keyIds, missingKeyIds, unreadable }: SecretsReport): string {
  const under = keyIds.length === 0 ? '' : ` (encrypted with ${keyIds.join(', ')})`;
  if (unreadable.length === 0) return `All ${count} secrets in it open with the keys at hand${under}.`;
  const why = missingKeyIds.length === 0 ? 'they were changed' : `the keys ${missingKeyIds.join(', ')} are missing`;
  return `${unreadable.length} of ${count} secrets in it do not open (${why}): put the keys back, or enter and connect those anew.`;
}
