// `chatelaine doctor`: looks at everything that a hub needs, changes nothing but the schema, and says of
// each what to do.

import { styleText } from 'node:util';
import { isChatelaineError } from '../errors.ts';
import { readSettings, type SettingFlags, type Settings } from '../server/config.ts';
import { type Check, fail, ok } from './check.ts';
import { checkAddress } from './check-address.ts';
import { checkDatabase } from './check-database.ts';
import { checkDataFolder, checkKeyFile, checkSecretsFolder } from './check-folders.ts';
import { checkMemory } from './check-memory.ts';
import { command } from './command.ts';
import { plain } from './output.ts';
import { SERVER_OPTIONS } from './setting-options.ts';

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;
const NAME_WIDTH = 16;

export const doctor = command({
  details:
    'Takes the options of serve, so that it judges the same settings. Exit code 1 when something fails. Brings\n' +
    'the schema of an existing database up to date, as every command does.',
  options: SERVER_OPTIONS,
  async run({ values }, output) {
    const checks = await examine(values);
    const healthy = checks.every((check) => check.status !== 'fail');
    output.result({ ok: healthy, checks }, checks.map(lineOf).join('\n'));
    return healthy ? 0 : 1;
  },
});

async function examine(flags: SettingFlags): Promise<Check[]> {
  let settings: Settings;
  try {
    settings = readSettings(undefined, flags);
  } catch (error) {
    // Without settings there is nothing else to look at.
    if (isChatelaineError(error, 'invalid_settings')) return [fail('settings', error.message, null)];
    throw error;
  }
  return [
    ok('settings', 'can be read'),
    await checkDataFolder(settings),
    await checkKeyFile(settings),
    ...(await checkDatabase(settings)),
    await checkAddress(settings),
    await checkSecretsFolder(settings),
    checkMemory(),
  ];
}

function lineOf({ name, status, message, mend }: Check): string {
  const line = `${styleText(COLOURS[status], status.padEnd(5))} ${name.padEnd(NAME_WIDTH)} ${plain(message)}`;
  return mend === null ? line : `${line}\n${' '.repeat(6 + NAME_WIDTH)} → ${plain(mend)}`;
}
