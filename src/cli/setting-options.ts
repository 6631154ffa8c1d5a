// The settings that can be given as options, for the commands that use them.

import type { SettingFlags } from '../server/config.ts';
import type { Option, Options } from './command.ts';

/** Which hub is meant. */
export const STORE_OPTIONS = {
  data: { type: 'string', value: 'FOLDER', help: 'the data folder (CHATELAINE_DATA; ./data)' },
  'database-url': {
    type: 'string',
    value: 'URL',
    help: 'PostgreSQL instead of SQLite (better in CHATELAINE_DATABASE_URL: it holds a password)',
  },
} as const satisfies Options;

/** Also for commands that talk to MCP servers. */
export const NETWORK_OPTIONS = {
  'allowed-private-hosts': {
    type: 'string',
    value: 'LIST',
    help: 'private hosts or CIDRs that connectors may use (CHATELAINE_ALLOWED_PRIVATE_HOSTS; none)',
  },
} as const satisfies Options;

/** All of them: what a server needs. */
export const SERVER_OPTIONS = {
  host: { type: 'string', value: 'ADDRESS', help: 'where to listen (CHATELAINE_HOST; 127.0.0.1)' },
  port: { type: 'string', value: 'NUMBER', help: '0 lets the system choose (CHATELAINE_PORT; 4100)' },
  url: { type: 'string', value: 'ADDRESS', help: 'the public address, which browsers use (CHATELAINE_URL)' },
  ...STORE_OPTIONS,
  ...NETWORK_OPTIONS,
  'log-level': {
    type: 'string',
    value: 'LEVEL',
    help: 'fatal, error, warn, info, debug, trace or silent (CHATELAINE_LOG_LEVEL; info)',
  },
} as const satisfies Record<keyof SettingFlags, Option>;
