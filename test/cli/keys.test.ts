import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/hub/ids.ts';
import { sealHeaders } from '../../src/hub/sealed-values.ts';
import { Secret } from '../../src/secret.ts';
import { createHub } from '../../src/server/create-hub.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { generateKey, parseKeyring } from '../../src/vault/keyring.ts';
import { createVault } from '../../src/vault/seal.ts';
import { printed, resultOf, runCli, startCli } from './run-cli.ts';

const SECRETS = 600;
const CANARY = 'canary-of-the-header-value';

type Kind = { kind: string; checked: number; reencrypted: number; unreadable: number; outdated: number };
type Rotation = { complete: boolean; kinds: Kind[] };
type Verification = { ok: boolean; oldKeysNeeded: boolean; kinds: Kind[] };

let data = '';
let [before, after] = ['', ''];
const withKeys = (...entries: string[]) => ({
  env: { CHATELAINE_DATA: data, CHATELAINE_ENCRYPTION_KEYS: entries.join(',') },
});
const headersOf = ({ kinds }: { kinds: Kind[] }): Kind | undefined =>
  kinds.find(({ kind }) => kind === 'connector.headers');
const open = (): Promise<Store> => openStore({ kind: 'sqlite', file: join(data, 'chatelaine.db') });

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'chatelaine-cli-'));
  const generated = await resultOf<{ entry: string; id: string }>(['keys', 'generate']);
  expect(generated.entry.startsWith(`${generated.id}:`)).toBe(true);
  [before, after] = [generateKey(), generated.entry];
  printed.length = 0;
  await seed(before);
});
afterAll(() => rm(data, { recursive: true, force: true }));

/** Many connectors with a sealed header value each. */
async function seed(keys: string): Promise<void> {
  await mkdir(data, { recursive: true });
  const store = await open();
  const { hub, close } = await createHub({
    url: 'http://127.0.0.1:4100',
    database: store,
    encryptionKeys: keys,
    background: false,
  });
  const { id } = await hub.connectors.create(
    {
      name: 'First',
      url: 'https://mcp.example.com',
      authType: 'oauth',
      credentialMode: 'shared',
      headers: { 'x-team': CANARY },
    },
    { name: 'test' },
  );
  const first = await store.connectors.get(id);
  if (first === null) throw new Error('the connector is gone');
  const vault = createVault(parseKeyring(keys));
  for (let n = 1; n < SECRETS; n += 1) {
    const copy = newId('con', Date.now());
    const sealedHeaders = await sealHeaders(vault, new Map([['x-team', new Secret(CANARY)]]), copy);
    await store.connectors.insert({ ...first, id: copy, key: `copy_${n}`, name: `Copy ${n}`, sealedHeaders });
  }
  await close();
}

test('a rotation that is killed goes on where it was, and then the old key is not needed', async () => {
  const killed = await startCli(['keys', 'rotate'], withKeys(after, before), 'stderr');
  expect(killed.line).toBe('connector.headers: 100 looked at');
  killed.process.kill('SIGKILL');
  await killed.ended;

  const halfway = await resultOf<Verification>(['keys', 'verify'], withKeys(after, before));
  expect(halfway).toMatchObject({ ok: true, oldKeysNeeded: true });
  expect(headersOf(halfway)?.checked).toBe(SECRETS);

  const resumed = await resultOf<Rotation>(['keys', 'rotate'], withKeys(after, before));
  expect(resumed.complete).toBe(true);
  expect(headersOf(resumed)?.reencrypted).toBe(headersOf(halfway)?.outdated);
  expect(headersOf(resumed)?.reencrypted).toBeLessThanOrEqual(SECRETS - 100);

  const { code, stdout } = await runCli(['keys', 'verify'], withKeys(after));
  expect(code).toBe(0);
  expect(stdout).toContain('All open with the first key; others are not needed.');
});

describe('keys from a command', () => {
  const withCommand = (...words: string[]) => ({
    env: { CHATELAINE_DATA: data, CHATELAINE_ENCRYPTION_KEYS_COMMAND: JSON.stringify(words) },
  });
  const doctor = async (given: { env: Record<string, string> }) => {
    const { code, stdout } = await runCli(['doctor', '--json', '--port', '0'], given);
    return {
      code,
      checks: (JSON.parse(stdout) as { checks: { name: string; status: string; message: string }[] }).checks,
    };
  };

  test('open the database as others do, and doctor knows of them', async () => {
    const given = withCommand('/bin/echo', after);
    const { code, stdout } = await runCli(['agents', 'list'], given);
    expect([code, stdout]).toEqual([0, expect.any(String)]);
    expect((await doctor(given)).checks).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'key file',
          message: 'not used: the keys are from CHATELAINE_ENCRYPTION_KEYS_COMMAND',
        }),
        expect.objectContaining({ name: 'encryption key', status: 'ok' }),
      ]),
    );
  });

  test('that cannot be had stop every command with one line, and doctor names the fault', async () => {
    const given = withCommand('/bin/false');
    const said = 'CHATELAINE_ENCRYPTION_KEYS_COMMAND: "false" ended with exit code 1.';
    const { code, stderr } = await runCli(['serve', '--port', '0'], given);
    expect([code, stderr]).toEqual([1, `chatelaine: ${said}\n`]);
    const found = await doctor(given);
    expect(found.code).toBe(1);
    expect(found.checks).toContainEqual({ name: 'encryption key', status: 'fail', message: said, mend: null });
  });
});

test('a secret that does not open is told by kind and number, and fails', async () => {
  const store = await open();
  const [cell] = await store.sealed.batch('connector.headers', null, 1);
  if (cell === undefined) throw new Error('no secret is there');
  await store.sealed.replace(cell, `${cell.ciphertext.slice(0, -8)}AAAAAAAA`);
  await store.close();

  const { code, stdout } = await runCli(['keys', 'verify'], withKeys(after));
  expect(code).toBe(1);
  expect(stdout).toContain('Does not open: 1 of connector.headers.');
  const rotation = await runCli(['keys', 'rotate', '--json'], withKeys(generateKey(), after));
  expect(rotation.code).toBe(1);
  const report = JSON.parse(rotation.stdout) as Rotation;
  expect([report.complete, headersOf(report)?.unreadable]).toEqual([false, 1]);
});

test('the keys of another database are refused before anything is looked at', async () => {
  const { code, stderr } = await runCli(['keys', 'verify'], withKeys(before));
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^chatelaine: The secrets of this database were encrypted with the key k\w+, which is not among/,
  );
});

test('no key and no secret was printed', () => {
  const all = printed.join('\n');
  for (const secret of [before, after]) expect(all).not.toContain(secret.split(':')[1]);
  expect(all).not.toContain(CANARY);
});
