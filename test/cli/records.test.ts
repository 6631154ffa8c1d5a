import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningProvider, startProvider } from '../../providers/index.ts';
import { newId } from '../../src/hub/ids.ts';
import { readSettings } from '../../src/server/config.ts';
import { openStoreOf } from '../../src/server/serve.ts';
import { printed, resultOf, runCli } from './run-cli.ts';

let data = '';
let render: RunningProvider;
let apiKey = '';
let env: Record<string, string> = {};

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'chatelaine-cli-'));
  render = await startProvider('render');
  apiKey = render.apiKeys?.issue('ada@example.test') ?? '';
  env = { CHATELAINE_DATA: data, CHATELAINE_ALLOWED_PRIVATE_HOSTS: '127.0.0.1', CHATELAINE_SECRET_RENDER: apiKey };
});
afterAll(async () => {
  await render.close();
  await rm(data, { recursive: true, force: true });
});

const add = (name: string, ...args: string[]) => ['connectors', 'add', '--name', name, '--url', render.mcpUrl, ...args];
const bearer = ['--auth-type', 'bearer', '--credential-mode', 'shared'];

type Connector = { id: string; key: string; credential: { configured: boolean }; tools: { count: number } };

describe('connectors', () => {
  test('are added with a secret from a pipe, listed, and their tools listed again', async () => {
    const added = await resultOf<Connector>(add('Render', ...bearer, '--secret-stdin'), { env, input: `${apiKey}\n` });
    expect(added).toMatchObject({ key: 'render', credential: { configured: true }, tools: { count: 24 } });

    render.setTools((tools) => tools.slice(1));
    const gone = render.tools().length;
    const synced = await resultOf<{ count: number; removed: string[] }>(['connectors', 'sync', 'render'], { env });
    expect([synced.count, synced.removed.length]).toEqual([gone, 1]);

    const { stdout } = await runCli(['connectors', 'list'], { env });
    expect(stdout).toMatch(/^KEY +NAME +AUTH +STATE +TOOLS +URL\nrender +Render +bearer, shared +\S+ +23 +http/);
    const { items } = await resultOf<{ items: Connector[] }>(['connectors', 'list'], { env });
    expect(items.map(({ id }) => id)).toEqual([added.id]);
  });

  test('are added with a reference, which is read at use', async () => {
    const args = add('Referenced', ...bearer, '--secret-reference', 'env:CHATELAINE_SECRET_RENDER');
    expect(await resultOf<Connector>(args, { env })).toMatchObject({
      credential: { configured: true },
      tools: { count: 23 },
    });
  });

  test('a secret in place of a reference is refused and not repeated', async () => {
    const { code, stderr } = await runCli(add('Careless', ...bearer, '--secret-reference', apiKey), { env });
    expect(code).toBe(2);
    expect(stderr).toContain('--secret-reference takes env:NAME or file:NAME');
  });

  test('what the hub refuses is told in the words of the command line', async () => {
    const { code, stderr } = await runCli(
      add('Keyed', '--auth-type', 'api_key_header', '--credential-mode', 'shared'),
      { env },
    );
    expect([code, stderr]).toEqual([1, 'chatelaine: --header-name: is required for authType api_key_header.\n']);
  });

  test('a connector that is not there is an error with a code', async () => {
    const { code, stdout } = await runCli(['connectors', 'sync', 'nowhere', '--json'], { env });
    expect([code, JSON.parse(stdout)]).toEqual([
      1,
      { error: { code: 'not_found', message: 'There is no such connector.' } },
    ]);
  });
});

describe('agents and their keys', () => {
  test('are added, listed and given a key that is printed alone, once', async () => {
    const agent = await resultOf<{ id: string; name: string }>(['agents', 'add', '--name', 'Ada'], { env });
    const { stdout, code } = await runCli(['agents', 'key', agent.id, '--label', 'laptop', '--expires', '2099-01-31'], {
      env,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^chla_[\w-]{43}\n$/);
    const before = printed.length;
    const { items } = await resultOf<{ items: unknown[] }>(['agents', 'list'], { env });
    expect(items).toMatchObject([{ id: agent.id, name: 'Ada', enabled: true }]);
    expect(printed.slice(before).join('')).not.toContain(stdout.trim());
  });
});

/** As a machine does whose clock is ahead. */
async function recordTomorrow(): Promise<void> {
  const at = Date.now() + 86_400_000;
  const store = await openStoreOf(readSettings({ CHATELAINE_DATA: data }));
  const nothing = { connectorId: null, agentId: null, credentialId: null, detail: {} };
  await store.audit.append({ id: newId('aud', at), at, actor: 'test', action: 'test.ahead', ...nothing });
  await store.close();
}

describe('doctor', () => {
  test('says what is wrong with files and clock, what to do, and fails', async () => {
    await recordTomorrow();
    const file = join(data, 'encryption.key');
    await chmod(file, 0o644);
    const { code, stdout } = await runCli(['doctor', '--json', '--port', '0'], { env });
    await chmod(file, 0o600);
    const { ok, checks } = JSON.parse(stdout) as {
      ok: boolean;
      checks: { name: string; status: string; mend: string }[];
    };
    expect([code, ok]).toEqual([1, false]);
    expect(checks.filter(({ status }) => status === 'fail')).toMatchObject([
      { name: 'key file', mend: `chmod 600 ${file}` },
      { name: 'clock', mend: expect.stringContaining('Set the clock') },
    ]);
    expect(checks.find(({ name }) => name === 'callers')).toMatchObject({ status: 'warn' });
  });

  test('finds a program at the public address that is no hub, and a key of another database', async () => {
    const elsewhere = {
      ...env,
      CHATELAINE_URL: render.origin,
      CHATELAINE_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
    };
    const { code, stdout } = await runCli(['doctor'], { env: elsewhere });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^fail {2}encryption key +The secrets of this database were encrypted with the key/m);
    expect(stdout).toMatch(
      /^fail {2}public address +http:\S+ redirect URI http:\S+\/oauth\/callback: something answers/m,
    );
  });

  test('makes nothing where nothing is yet', async () => {
    const folder = join(data, 'not yet');
    const { ok } = await resultOf<{ ok: boolean }>(['doctor', '--port', '0'], { env: { CHATELAINE_DATA: folder } });
    expect(ok).toBe(true);
    await expect(chmod(folder, 0o700)).rejects.toThrow('ENOENT');
  });
});

test('every change is in the audit log as the command line’s', async () => {
  const store = await openStoreOf(readSettings({ CHATELAINE_DATA: data }));
  const { items } = await store.audit.list({}, { limit: 200 });
  await store.close();
  const done = items.filter(({ actor }) => actor === 'cli').map(({ action }) => action);
  expect(done).toEqual(
    expect.arrayContaining(['connector.created', 'agent.created', 'agent_key.created', 'tools.synced']),
  );
});

test('no command printed the secret', () => {
  expect(printed.length).toBeGreaterThan(10);
  expect(printed.join('\n')).not.toContain(apiKey);
});
