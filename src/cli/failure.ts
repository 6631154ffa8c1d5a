// How a command fails: one line on standard error that names the mend, and an exit code. A stack is shown
// only for what nobody foresaw.

import { type ChatelaineError, isChatelaineError } from '../errors.ts';
import { type Command, UsageError } from './command.ts';
import { plain } from './output.ts';

const FAILED = 1;
const MISUSED = 2;

/**
 * Says what went wrong; with `json` also as `{"error": {code, message}}` on standard output.
 *
 * @returns the exit code: 2 for a command line that cannot be understood, else 1
 */
export function reportFailure(error: unknown, json: boolean, command: Command | null): number {
  const code = error instanceof UsageError ? 'usage' : isChatelaineError(error) ? error.code : 'internal_error';
  const message = messageOf(error, command);
  if (json) console.log(JSON.stringify({ error: { code, message } }));
  console.error(`chatelaine: ${message}`);
  if (code === 'internal_error' && error instanceof Error) console.error(error.stack);
  return error instanceof UsageError ? MISUSED : FAILED;
}

function messageOf(error: unknown, command: Command | null): string {
  if (error instanceof UsageError) {
    const words = ['chatelaine', error.command, '--help'].filter((word) => word !== '');
    return `${plain(error.message)} See: ${words.join(' ')}`;
  }
  if (isChatelaineError(error)) return plain(inFlags(error, command));
  return 'something unexpected went wrong.';
}

/** The hub names the field of its API (`headerName: …`); whoever typed a flag reads the flag. */
function inFlags(error: ChatelaineError, command: Command | null): string {
  const { field } = error.details;
  if (field === undefined || command === null || !error.message.startsWith(`${field}: `)) return error.message;
  const flag = field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return Object.hasOwn(command.options, flag) ? `--${error.message.replace(field, flag)}` : error.message;
}
