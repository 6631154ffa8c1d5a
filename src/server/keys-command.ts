// The encryption keys from a program of the operator's choice: any client of a KMS or a vault that prints them.
// It is started without a shell, gets nothing of the hub's own settings, and is bounded in time and output.
// Why so: docs/decisions/0010-encryption-keys-from-a-command.md.

import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import { ChatelaineError, quoteForeign } from '../errors.ts';
import type { Log } from '../hub/context.ts';
import { Secret } from '../secret.ts';
import { KEYS_COMMAND_TIMEOUT_MS, KEYS_OUTPUT_MAX_BYTES } from '../work-limits.ts';

export const KEYS_COMMAND = 'CHATELAINE_ENCRYPTION_KEYS_COMMAND';

/** Plain words; whatever a shell would read in another way is left to the JSON form. */
const PLAIN_WORDS = /^[\w@%+=:,./ \t-]+$/;
const COMPLAINT_MAX_BYTES = 8 * 1024;
/** Shorter ones are ids of keys, or words of its complaint. */
const PRINTED_MIN_CHARACTERS = 12;
/** A key as it is given; a chatty client may repeat one beside its complaint. */
const LOOKS_LIKE_A_KEY = /[A-Za-z0-9+/]{43}=/g;

/** A program and its arguments; hidden, because an argument may be a token. */
export type KeysCommand = Secret;

/**
 * Reads the setting: words between blanks, or a JSON array of strings. No shell is involved either way.
 *
 * @throws invalid_settings, without the text: an argument may be a token
 */
export function parseKeysCommand(text: string): KeysCommand {
  const words = text.startsWith('[') ? fromJson(text) : PLAIN_WORDS.test(text) ? text.split(/[ \t]+/) : null;
  if (words !== null && words.length > 0 && words[0] !== '') return new Secret(JSON.stringify(words));
  throw new ChatelaineError(
    'invalid_settings',
    `${KEYS_COMMAND} is not usable: no shell reads it, so set it to a program and plain words, such as "vault kv get -field=keys secret/chatelaine"; with quotes, blanks inside a word or other signs, as a JSON array, such as ["/usr/local/bin/print-keys", "--name", "our keys"]. For a pipe or a variable, put it into a script.`,
  );
}

/**
 * What the command prints, without the blanks around it.
 *
 * @param environment what the command sees; the hub's own settings are not for it
 * @param log gets what it writes to standard error, without what it printed
 * @throws encryption_key_missing saying how the command ended
 */
export async function runKeysCommand(
  command: KeysCommand,
  environment: Readonly<Record<string, string | undefined>>,
  log: Log,
  timeoutMs = KEYS_COMMAND_TIMEOUT_MS,
): Promise<Secret> {
  const [program = '', ...args] = JSON.parse(command.reveal()) as string[];
  const name = quoteForeign(basename(program));
  const fail = (what: string, cause?: unknown): ChatelaineError =>
    new ChatelaineError('encryption_key_missing', `${KEYS_COMMAND}: ${name} ${what}`, { cause });

  // A group of its own: what it started ends with it, and it has no terminal on which to wait for a password.
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...environment }, detached: true });
  const output = gather(child.stdout, KEYS_OUTPUT_MAX_BYTES, () => end(child));
  const complaint = gather(child.stderr, COMPLAINT_MAX_BYTES);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end(child);
  }, timeoutMs);
  try {
    const { code, signal } = await ended(child, fail);
    for (const line of linesOf(complaint.text(), output.text()))
      log.warn({ line }, `${KEYS_COMMAND} wrote to standard error`);
    const where = complaint.size() === 0 ? '' : '; what it wrote to standard error is in the log';
    if (late) throw fail(`did not end within ${timeoutMs / 1000} s and was stopped${where}.`);
    if (output.size() > KEYS_OUTPUT_MAX_BYTES)
      throw fail(`printed more than ${KEYS_OUTPUT_MAX_BYTES} bytes: it must print the keys and nothing else.`);
    if (signal !== null) throw fail(`was ended by ${signal}${where}.`);
    if (code !== 0) throw fail(`ended with exit code ${code}${where}.`);
    const keys = output.text().trim();
    if (keys === '') throw fail(`printed nothing${where}: it must print id:base64key[,id:base64key…].`);
    return new Secret(keys);
  } finally {
    clearTimeout(timer);
    output.wipe();
    complaint.wipe();
  }
}

function fromJson(text: string): string[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((word) => typeof word === 'string' && !word.includes('\0'))
      ? value
      : null;
  } catch {
    return null;
  }
}

type Ended = { readonly code: number | null; readonly signal: string | null };

function ended(child: ChildProcess, fail: (what: string, cause: unknown) => ChatelaineError): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT'
          ? 'was not found: give its whole path, or look at PATH.'
          : `cannot be started (${error.code ?? 'unknown'}).`;
      reject(fail(why, error));
    });
  });
}

function end(child: ChildProcess): void {
  // Whoever left the group and still holds the other ends is not waited for.
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

/** The first bytes of a stream; `size` counts all of them. */
function gather(stream: NodeJS.ReadableStream, maxBytes: number, onTooMany: () => void = () => {}) {
  const chunks: Buffer[] = [];
  let [kept, seen] = [0, 0];
  stream.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    const part = chunk.subarray(0, maxBytes - kept);
    chunks.push(part);
    kept += part.length;
    if (seen > maxBytes) onTooMany();
  });
  return {
    size: () => seen,
    text: () => Buffer.concat(chunks).toString('utf8'),
    wipe: () => {
      for (const chunk of chunks) chunk.fill(0);
    },
  };
}

function linesOf(complaint: string, output: string): string[] {
  const printed = output.split(/[\s,:]+/).filter((word) => word.length >= PRINTED_MIN_CHARACTERS);
  const without = printed.reduce((text, word) => text.replaceAll(word, '…'), complaint);
  return without
    .replace(LOOKS_LIKE_A_KEY, '…')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
