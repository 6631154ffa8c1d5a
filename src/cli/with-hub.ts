// The hub of the settings for one command: the store itself, without background work, so that a command
// works beside a running server and without one.

import { join } from 'node:path';
import type { Hub } from '../hub/hub.ts';
import type { People } from '../people/people.ts';
import { publicUrlOf, readSettings, type Settings } from '../server/config.ts';
import { KEY_FILE } from '../server/encryption-keys.ts';
import { KEYS_COMMAND } from '../server/keys-command.ts';
import { createLog } from '../server/log.ts';
import { openHubOf } from '../server/serve.ts';
import type { Values } from './command.ts';
import type { Output } from './output.ts';
import type { NETWORK_OPTIONS, STORE_OPTIONS } from './setting-options.ts';

/** Who the audit log says it was. */
export const CLI = { name: 'cli' };

type Flags = Values<typeof STORE_OPTIONS> &
  Partial<Values<typeof NETWORK_OPTIONS>> & { readonly url?: string | undefined };

/** Opens the hub, hands it over and closes it, whatever happens. @throws what opening and `use` throw */
export async function withHub<T>(
  flags: Flags,
  output: Output,
  use: (hub: Hub, people: People) => Promise<T>,
): Promise<T> {
  const settings = readSettings(undefined, {
    url: flags.url,
    data: flags.data,
    'database-url': flags['database-url'],
    'allowed-private-hosts': flags['allowed-private-hosts'],
  });
  const opened = await openHubOf(settings, {
    url: publicUrlOf(settings, settings.port),
    log: createLog(settings.logLevel, 'stderr'),
    background: false,
  });
  try {
    if (opened.keyOrigin === 'made') output.note(keyMadeNotice(settings));
    return await use(opened.hub, opened.people);
  } finally {
    await opened.close();
  }
}

/** Whether a setting names the keys, so that the key file of the data folder does not count. */
export const keysAreSet = ({ encryptionKeys, encryptionKeysCommand }: Settings): boolean =>
  encryptionKeys !== null || encryptionKeysCommand !== null;

/** Where the keys come from, in words: a variable or a file. */
export function keyPlaceOf(settings: Settings): string {
  if (settings.encryptionKeysCommand !== null) return KEYS_COMMAND;
  return settings.encryptionKeys === null ? keyFileOf(settings) : 'CHATELAINE_ENCRYPTION_KEYS';
}

export const keyFileOf = (settings: Settings): string => join(settings.dataFolder, KEY_FILE);

export function keyMadeNotice(settings: Settings): string {
  return `The encryption key was made now: ${keyFileOf(settings)}\nBack it up, apart from the data: without it no stored secret can ever be read again.`;
}
