// `chatelaine tokens`: a token for the API, which is how the first caller gets in.

import type { ApiTokenRecord } from '../store/records.ts';
import { command } from './command.ts';
import { STORE_OPTIONS } from './setting-options.ts';
import { EXPIRES_OPTION, iso, isoOrNull, readExpiry } from './times.ts';
import { CLI, withHub } from './with-hub.ts';

export const createToken = command({
  details: 'The token alone goes to standard output, this once; only its hash is kept.',
  options: {
    role: {
      type: 'string',
      choices: ['owner', 'operator', 'reader'],
      required: true,
      help: 'owner changes everything, operator connectors, agents and credentials, reader looks on',
    },
    label: { type: 'string', value: 'TEXT', help: 'by which you will know it' },
    expires: EXPIRES_OPTION,
    ...STORE_OPTIONS,
  },
  async run({ values }, output) {
    const { role, label } = values;
    const expiresAt = readExpiry(values.expires, 'tokens create');
    const { record, token } = await withHub(values, output, (hub) =>
      hub.apiTokens.create({ role, label, expiresAt }, CLI),
    );
    output.note('Shown this once. Use it as: Authorization: Bearer <token>');
    output.result({ ...viewOf(record), token: token.reveal() }, token.reveal());
    return 0;
  },
});

function viewOf({ id, label, prefix, role, createdAt, expiresAt, lastUsedAt }: ApiTokenRecord) {
  return {
    id,
    label,
    prefix,
    role,
    createdAt: iso(createdAt),
    expiresAt: isoOrNull(expiresAt),
    lastUsedAt: isoOrNull(lastUsedAt),
  };
}
