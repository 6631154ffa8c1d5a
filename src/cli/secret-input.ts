// How a secret gets into a command: through a pipe or as a reference, never as an argument, which every
// user of the machine can read in the list of processes.

import { type Options, UsageError, type Values } from './command.ts';

export const SECRET_OPTIONS = {
  'secret-stdin': { type: 'boolean', help: 'read the shared secret from standard input' },
  'secret-reference': {
    type: 'string',
    value: 'env:NAME|file:NAME',
    help: 'read the shared secret from there each time it is used',
  },
} as const satisfies Options;

const MAX_CHARACTERS = 64 * 1024;

/** The secret or reference, null where neither option is given. @throws UsageError */
export async function readSecretOption(values: Values<typeof SECRET_OPTIONS>, path: string): Promise<string | null> {
  const reference = values['secret-reference'];
  if (!values['secret-stdin']) {
    if (reference === undefined) return null;
    if (/^(env|file):/.test(reference)) return reference;
    throw new UsageError(
      '--secret-reference takes env:NAME or file:NAME, never the secret itself; that goes through --secret-stdin.',
      path,
    );
  }
  if (reference !== undefined) throw new UsageError('--secret-stdin and --secret-reference exclude each other.', path);
  if (process.stdin.isTTY)
    throw new UsageError('--secret-stdin reads a pipe, as in: chatelaine … --secret-stdin < file.', path);
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const chunk of process.stdin) {
    text += chunk;
    if (text.length > MAX_CHARACTERS) throw new UsageError('standard input is too long for a secret.', path);
  }
  if (text.trim() === '') throw new UsageError('standard input held no secret.', path);
  return text.trim();
}
