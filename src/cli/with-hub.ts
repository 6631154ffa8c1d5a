// The hub of the settings for one command: the store itself, without background work, so that a command
// works beside a running server and without one.

import { join } from 'node:path';
import type { Settings } from '../server/config.ts';
import { publicUrlOf, readSettings } from '../server/config.ts';
import type { EmbeddedHub } from '../server/create-hub.ts';
import { KEY_FILE } from '../server/encryption-keys.ts';
import { createLog } from '../server/log.ts';
import { openHubOf } from '../server/serve.ts';
import type { Options, Values } from './command.ts';
import type { Output } from './output.ts';

/** Who the audit log says it was. */
export const CLI = { name: 'cli' };

/** Which hub is meant. */
export const STORE_OPTIONS = {
  data: { type: 'string', value: 'FOLDER', help: 'the data folder (CHATELAINE_DATA; ./data)' },
  'database-url': {
    type: 'string',
    value: 'URL',
    help: 'PostgreSQL instead of the embedded database; better in CHATELAINE_DATABASE_URL, for it holds a password',
  },
} as const satisfies Options;

/** Also for commands that talk to MCP servers. */
export const NETWORK_OPTIONS = {
  'allowed-private-hosts': {
    type: 'string',
    value: 'LIST',
    help: 'private hosts or CIDRs that connectors may use (CHATELAINE_ALLOWED_PRIVATE_HOSTS)',
  },
} as const satisfies Options;

type Flags = Values<typeof STORE_OPTIONS> & Partial<Values<typeof NETWORK_OPTIONS>>;

/** Opens the hub, hands it over and closes it, whatever happens. @throws what opening and `use` throw */
export async function withHub<T>(
  flags: Flags,
  output: Output,
  use: (hub: EmbeddedHub['hub'], settings: Settings) => Promise<T>,
): Promise<T> {
  const settings = readSettings(undefined, {
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
    return await use(opened.hub, settings);
  } finally {
    await opened.close();
  }
}

export const keyFileOf = (settings: Settings): string => join(settings.dataFolder, KEY_FILE);

export function keyMadeNotice(settings: Settings): string {
  return `The encryption key was made now: ${keyFileOf(settings)}\nBack it up, apart from the data: without it no stored secret can ever be read again.`;
}
