// `chatelaine connectors`: what is there, one more, its tools now.

import type { ConnectorView } from '../hub/connector-view.ts';
import { command } from './command.ts';
import { everyPage } from './every-page.ts';
import { pairs, plain, table } from './output.ts';
import { readSecretOption, SECRET_OPTIONS } from './secret-input.ts';
import { NETWORK_OPTIONS, STORE_OPTIONS } from './setting-options.ts';
import { iso } from './times.ts';
import { CLI, withHub } from './with-hub.ts';

export const listConnectors = command({
  options: STORE_OPTIONS,
  async run({ values }, output) {
    const items = await withHub(values, output, (hub) => everyPage(hub.connectors.list));
    const rows = items.map((item) => [
      item.key,
      item.name,
      authOf(item),
      item.credential.state,
      String(item.tools.count),
      item.url,
    ]);
    output.result(
      { items },
      rows.length === 0
        ? 'There are no connectors yet.'
        : table(['KEY', 'NAME', 'AUTH', 'STATE', 'TOOLS', 'URL'], rows),
    );
    return 0;
  },
});

export const addConnector = command({
  details:
    'Without --auth-type the server is asked how it wants to be authenticated. A secret is never an argument:\n' +
    'it comes through a pipe (--secret-stdin) or is a reference (--secret-reference).',
  options: {
    name: { type: 'string', value: 'NAME', required: true, help: 'what people call it' },
    url: { type: 'string', value: 'ADDRESS', required: true, help: 'the address of the MCP server' },
    'auth-type': {
      type: 'string',
      choices: ['none', 'bearer', 'api_key_header', 'oauth'],
      help: 'how it is authenticated',
    },
    'credential-mode': {
      type: 'string',
      choices: ['shared', 'per_agent'],
      help: 'one credential for all, or one for each agent',
    },
    'header-name': { type: 'string', value: 'NAME', help: 'the header of the key, for api_key_header' },
    ...SECRET_OPTIONS,
    ...STORE_OPTIONS,
    ...NETWORK_OPTIONS,
  },
  async run({ values }, output) {
    const secret = await readSecretOption(values, 'connectors add');
    const input = {
      name: values.name,
      url: values.url,
      authType: values['auth-type'],
      credentialMode: values['credential-mode'],
      headerName: values['header-name'],
      secret,
    };
    const added = await withHub(values, output, (hub) => hub.connectors.create(input, CLI));
    output.result(added, `Added ${plain(added.name)}.\n${factsOf(added)}`);
    return 0;
  },
});

export const syncConnector = command({
  operands: ['id or key'],
  options: { ...STORE_OPTIONS, ...NETWORK_OPTIONS },
  async run({ values, operands: [id = ''] }, output) {
    const { syncedAt, ...listing } = await withHub(values, output, (hub) => hub.connectors.sync(id, null, CLI));
    const { count, added, removed, changed, dropped } = listing;
    const named = (names: readonly string[]): string => (names.length === 0 ? '-' : names.join(', '));
    const facts = pairs([
      ['added', named(added)],
      ['removed', named(removed)],
      ['changed', named(changed)],
      ['not usable', named(dropped.map(({ name, reason }) => `${name} (${reason})`))],
    ]);
    output.result({ ...listing, syncedAt: iso(syncedAt) }, `${count} tools.\n${facts}`);
    return 0;
  },
});

function authOf({ authType, credentialMode }: ConnectorView): string {
  return credentialMode === null ? authType : `${authType}, ${credentialMode}`;
}

function factsOf(connector: ConnectorView): string {
  const { id, key, url, credential, tools } = connector;
  return pairs([
    ['id', id],
    ['key', key],
    ['url', url],
    ['auth', authOf(connector)],
    ['state', credential.reason === null ? credential.state : `${credential.state}: ${credential.reason}`],
    [
      'tools',
      tools.lastError === null ? String(tools.count) : `${tools.count}; the listing failed: ${tools.lastError.message}`,
    ],
  ]);
}
