// Encryption keys from a command: how it is given, what it sees, what it may not do, and what is said of it.

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Log } from '../../src/hub/context.ts';
import { environmentOfOthers, readSettings } from '../../src/server/config.ts';
import { keysOfSettings } from '../../src/server/encryption-keys.ts';
import { parseKeysCommand, runKeysCommand } from '../../src/server/keys-command.ts';
import { generateKey } from '../../src/vault/keyring.ts';
import { until } from '../support/until.ts';

const KEY = generateKey();
const MATERIAL = KEY.slice(KEY.indexOf(':') + 1);

let folder = '';
const logged: string[] = [];
const write = (fields: Record<string, unknown>, message: string): void => {
  logged.push(`${message}: ${JSON.stringify(fields)}`);
};
const log: Log = { info: write, warn: write, error: write };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatelaine-keys-'));
});
beforeEach(() => {
  logged.length = 0;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let scripts = 0;
async function script(body: string): Promise<string> {
  scripts += 1;
  const file = join(folder, `keys-${scripts}.sh`);
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  return file;
}

const run = async (
  command: string,
  timeoutMs?: number,
  env: Record<string, string> = { PATH: process.env.PATH ?? '' },
) => (await runKeysCommand(parseKeysCommand(command), env, log, timeoutMs)).reveal();
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('how the command is given', () => {
  test.each([
    ['plain words', (file: string) => `${file}  one\ttwo=2`, 'one|two=2'],
    [
      'a JSON array, word for word',
      (file: string) => JSON.stringify([file, 'a b', '$HOME; echo "x"']),
      'a b|$HOME; echo "x"',
    ],
  ])('%s', async (_, command, expected) => {
    const file = await script('printf "%s|%s" "$1" "$2"');
    expect(await run(command(file))).toBe(expected);
  });

  test.each([
    'vault kv get "our keys"',
    "sh -c 'cat key'",
    'cat key | tr -d x',
    'print-keys $NAME',
    'print-keys `id`',
    'print-keys; id',
    'print-keys > /tmp/x',
    'print-keys *',
    '~/print-keys',
    'print-keys\nid',
    'print-keys \\x',
    '[]',
    '[""]',
    '["a", 1]',
    '["a\\u0000b"]',
    '["a"',
  ])('%j, which a shell would read in another way, is refused with the mend and not repeated', (command) => {
    const refused = (() => {
      try {
        parseKeysCommand(command);
      } catch (error) {
        return error as Error;
      }
      throw new Error('was taken');
    })();
    expect(refused).toMatchObject({ code: 'invalid_settings', message: expect.stringContaining('JSON array') });
    expect(refused.message).toMatch(/^CHATELAINE_ENCRYPTION_KEYS_COMMAND is not usable/);
    if (command.length > 5) expect(refused.message).not.toContain(command);
  });

  test('beside CHATELAINE_ENCRYPTION_KEYS it is refused: one of them counts', () => {
    const both = { CHATELAINE_ENCRYPTION_KEYS: KEY, CHATELAINE_ENCRYPTION_KEYS_COMMAND: 'print-keys' };
    expect(() => readSettings(both)).toThrow(
      'CHATELAINE_ENCRYPTION_KEYS and CHATELAINE_ENCRYPTION_KEYS_COMMAND are both set',
    );
  });

  test('its arguments do not print with the settings: one may be a token', () => {
    const settings = readSettings({ CHATELAINE_ENCRYPTION_KEYS_COMMAND: 'print-keys --token=hunter2' });
    expect(inspect(settings, { depth: 9, showHidden: true }) + JSON.stringify(settings)).not.toContain('hunter2');
  });
});

describe('what the command prints', () => {
  test('is the keys, with a line end or without', async () => {
    const other = generateKey();
    const command = await script(`echo '${KEY},${other}'`);
    const settings = readSettings({ CHATELAINE_ENCRYPTION_KEYS_COMMAND: command });
    const found = await keysOfSettings(settings, log);
    expect([found?.origin, found?.keyring.current.id]).toEqual(['command', KEY.split(':')[0]]);
    expect(found?.keyring.find(other.split(':')[0] ?? '')).not.toBeNull();
  });

  test('is not shown when it is no list of keys', async () => {
    const command = await script(`echo '{"keys": "${KEY}"}'`);
    const settings = readSettings({ CHATELAINE_ENCRYPTION_KEYS_COMMAND: command });
    const refused = await keysOfSettings(settings, log).catch((error: Error) => error);
    expect(refused).toMatchObject({
      code: 'invalid_settings',
      message: expect.stringMatching(/^CHATELAINE_ENCRYPTION_KEYS_COMMAND printed: entry 1 must begin with an id/),
    });
    expect(inspect(refused, { depth: 9 }) + logged.join()).not.toContain(MATERIAL);
  });

  test('lands neither in this process’s environment nor in that of another', async () => {
    const command = await script(`echo '${KEY}'`);
    await run(command);
    expect(JSON.stringify(process.env)).not.toContain(MATERIAL);
    expect(await run(JSON.stringify([process.execPath, '-p', 'JSON.stringify(process.env)']))).not.toContain(MATERIAL);
  });
});

describe('what the command sees', () => {
  test('is the environment without the hub’s own settings', async () => {
    const env = environmentOfOthers({
      PATH: process.env.PATH,
      VAULT_TOKEN: 'for-the-vault',
      CHATELAINE_ADMIN_TOKEN: 'not-for-it',
      CHATELAINE_DATABASE_URL: 'not-for-it',
      CHATELAINE_SECRET_RENDER: 'not-for-it',
      OTEL_EXPORTER_OTLP_HEADERS: 'not-for-it',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'not-for-it',
    }) as Record<string, string>;
    const seen = await run(await script('env'), undefined, env);
    expect(seen).toContain('VAULT_TOKEN=for-the-vault');
    expect(seen).not.toContain('not-for-it');
  });

  test('is no input and no terminal, so that it cannot wait for a password', async () => {
    const command = await script(
      'read line || printf "no input "; (exec 3</dev/tty) 2>/dev/null || printf "no terminal"',
    );
    expect(await run(command)).toBe('no input no terminal');
  });
});

describe('a command that fails', () => {
  test.each([
    ['exit 3', 'ended with exit code 3.'],
    ['echo no access >&2; exit 2', 'ended with exit code 2; what it wrote to standard error is in the log.'],
    [`echo '${KEY}'; exit 1`, 'ended with exit code 1.'],
    ['kill -TERM $$', 'was ended by SIGTERM.'],
    ['true', 'printed nothing: it must print id:base64key[,id:base64key…].'],
    ['yes', 'printed more than 65536 bytes: it must print the keys and nothing else.'],
  ])('%s: is told by how it ended', async (body, said) => {
    const command = await script(body);
    const refused = await run(command).catch((error: Error) => error);
    const name = JSON.stringify(command.slice(folder.length + 1));
    expect(refused).toMatchObject({
      code: 'encryption_key_missing',
      message: `CHATELAINE_ENCRYPTION_KEYS_COMMAND: ${name} ${said}`,
    });
    expect(inspect(refused, { depth: 9 })).not.toContain(MATERIAL);
  });

  test('is not found, or may not be started', async () => {
    await expect(run('no-such-program-here --token=x')).rejects.toThrow(
      'CHATELAINE_ENCRYPTION_KEYS_COMMAND: "no-such-program-here" was not found: give its whole path, or look at PATH.',
    );
    await expect(run(folder)).rejects.toThrow(/cannot be started \(EACCES\)/);
  });

  test('that hangs is stopped with all that it started', async () => {
    const pids = join(folder, 'pids');
    const command = await script(`sleep 1000 & echo $! >> ${pids}; echo $$ >> ${pids}; wait`);
    await expect(run(command, 300)).rejects.toThrow('did not end within 0.3 s and was stopped');
    const { readFile } = await import('node:fs/promises');
    const started = (await readFile(pids, 'utf8')).trim().split('\n').map(Number);
    expect(started).toHaveLength(2);
    await until('both are gone', () => !started.some(isAlive));
  });

  test('that leaves somebody behind who holds its output is not waited for longer', async () => {
    const command = await script(`setsid sleep 1000 & echo '${KEY}'; echo $! > ${join(folder, 'left')}`);
    await expect(run(command, 300)).rejects.toThrow('did not end within 0.3 s and was stopped');
    const { readFile } = await import('node:fs/promises');
    process.kill(Number(await readFile(join(folder, 'left'), 'utf8')));
  });
});

describe('what it writes to standard error', () => {
  test('is in the log line by line, without what it printed and without keys', async () => {
    const another = generateKey().split(':')[1];
    const command = await script(`echo '${KEY}'; echo 'renewing the lease' >&2; echo 'got ${KEY} and ${another}' >&2`);
    expect(await run(command)).toBe(KEY);
    expect(logged).toEqual([
      'CHATELAINE_ENCRYPTION_KEYS_COMMAND wrote to standard error: {"line":"renewing the lease"}',
      `CHATELAINE_ENCRYPTION_KEYS_COMMAND wrote to standard error: {"line":"got ${KEY.split(':')[0]}:… and …"}`,
    ]);
  });

  test('is kept to its beginning, however much there is', async () => {
    await run(await script(`echo '${KEY}'; yes complaint | head -n 100000 >&2`));
    expect(logged.length).toBeGreaterThan(100);
    expect(logged.join('\n').length).toBeLessThan(200_000);
  });
});
