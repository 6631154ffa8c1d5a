import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKey } from '../../src/vault/keyring.ts';
import { agentWith, connectRender, modernClient } from '../gateway/agents.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { PASSWORD, setUp, Visit } from '../support/people.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { printed, resultOf, runCli } from './run-cli.ts';

type Secrets = { count: number; keyIds: string[]; missingKeyIds: string[]; unreadable: string[] };
type Made = { file: string; madeAt: string; schema: string; secrets: Secrets | null };

let root = '';
let hub: TestHub;
let render: RunningProvider;
let sentry: RunningProvider;
let agent: Awaited<ReturnType<typeof agentWith>>;
let shared: { id: string; key: string };
let oauth: { id: string };
let tool = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chatelaine-backup-'));
  [hub, render, sentry] = await Promise.all([startHub(), startProvider('render'), startProvider('sentry')]);
  shared = await connectRender(hub, render);
  tool = render.tools()[0]?.name ?? '';
  agent = await agentWith(hub, [`mcp__${shared.key}__${tool}`]);
  oauth = await hub.ok('POST', '/api/connectors', {
    name: 'Sentry',
    url: sentry.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
  });
  await hub.connect(oauth.id);
  await setUp(hub);
});
afterAll(async () => {
  await hub?.close();
  await Promise.all([render?.close(), sentry?.close()]);
  await rm(root, { recursive: true, force: true });
});

const callOf = async (url: string) => {
  const client = modernClient(`${url}/mcp`, agent.key);
  return (await client.request('tools/call', { name: `${shared.key}__${tool}`, arguments: {} })).answer;
};
const folderWithKey = async (name: string): Promise<string> => {
  const folder = join(root, name);
  await mkdir(folder, { mode: 0o700 });
  await copyFile(join(hub.folder, 'encryption.key'), join(folder, 'encryption.key'));
  return folder;
};
const backUp = async (name: string): Promise<Made> =>
  resultOf<Made>(['backup', join(root, name), '--data', hub.folder]);

describe('a backup', () => {
  test('taken while agents call and people write is whole, and works on an empty machine', async () => {
    let writing = true;
    let written = 0;
    const writers = [0, 1, 2].map(async (writer) => {
      for (let n = 0; writing; n += 1) {
        expect((await callOf(hub.url)).error).toBeUndefined();
        await hub.ok('POST', '/api/agents', { name: `Made meanwhile ${writer}-${n}` });
        written += 1;
      }
    });
    const before = (await hub.ok('GET', '/api/agents?limit=200')).items.length;
    const made = await backUp('busy.db').finally(() => {
      writing = false;
    });
    await Promise.all(writers);
    expect(written).toBeGreaterThan(3);
    expect(made.secrets).toMatchObject({ missingKeyIds: [], unreadable: [] });
    expect(made.secrets?.count).toBeGreaterThan(3);
    expect((await stat(made.file)).mode & 0o777).toBe(0o600);

    const folder = await folderWithKey('empty-machine');
    const restored = await resultOf<Made>(['restore', made.file, '--data', folder]);
    expect(restored).toMatchObject({ file: join(folder, 'chatelaine.db'), madeAt: made.madeAt, secrets: made.secrets });
    expect((await stat(restored.file)).mode & 0o777).toBe(0o600);

    const second = await startHub({ folder, background: false });
    try {
      const agents = (await second.ok('GET', '/api/agents?limit=200')).items.length;
      expect(agents).toBeGreaterThanOrEqual(before);
      expect(agents).toBeLessThanOrEqual(before + written);
      expect((await callOf(second.url)).error).toBeUndefined();
      expect((await second.ok('GET', `/api/connectors/${oauth.id}`)).credential.state).toBe('usable');
      const listed = await second.api('POST', `/api/connectors/${oauth.id}/requests`, { method: 'tools/list' });
      expect(listed.status).toBe(200);
      const person = new Visit(second);
      const signedIn = await person.call('POST', '/api/sign-in', { email: 'owner@example.com', password: PASSWORD });
      expect(signedIn.status).toBeLessThan(300);
      const { items } = await second.ok('GET', '/api/audit?action=hub.restored');
      expect(items).toMatchObject([{ actor: 'cli', detail: { backupMadeAt: made.madeAt } }]);
    } finally {
      await second.close();
    }
  });

  test('holds no key and no secret, and says so', async () => {
    const { stdout, code } = await runCli(['backup', join(root, 'told.db'), '--data', hub.folder]);
    expect(code).toBe(0);
    expect(stdout).toContain(`NOT in it: the encryption keys (${join(hub.folder, 'encryption.key')})`);
    const [, key = ''] = (await readFile(join(hub.folder, 'encryption.key'), 'utf8')).trim().split(':');
    expect(key.length).toBeGreaterThan(40);
    const bytes = await readFile(join(root, 'told.db'), 'latin1');
    expect(bytes).not.toContain(key);
    for (const secret of [...render.secretsIssued, ...sentry.secretsIssued].filter((each) => each.length > 15)) {
      expect(bytes).not.toContain(secret);
    }
  });

  test('never overwrites a file, and a failed one leaves nothing', async () => {
    const file = join(root, 'precious.txt');
    await writeFile(file, 'mine');
    const refused = await runCli(['backup', file, '--data', hub.folder]);
    expect([refused.code, await readFile(file, 'utf8')]).toEqual([1, 'mine']);
    expect(refused.stderr).toBe(`chatelaine: ${file} is there already and is never overwritten; move it away first.\n`);
    const nowhere = await runCli(['backup', join(root, 'no', 'such', 'folder.db'), '--data', hub.folder]);
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toMatch(/cannot be used: .*no such file or directory/);
    const empty = await runCli(['backup', join(root, 'nothing.db'), '--data', join(root, 'no-hub')]);
    expect(empty.stderr).toBe(`chatelaine: There is no database at ${join(root, 'no-hub', 'chatelaine.db')}.\n`);
    expect((await readdir(root)).filter((name) => /unfinished|nothing|no-hub/.test(name))).toEqual([]);
  });

  test('is refused with the commands to use where the data is in PostgreSQL', async () => {
    const env = { CHATELAINE_DATABASE_URL: 'postgres://chatelaine:hunter2@db.example.com/chatelaine' };
    const backup = await runCli(['backup', join(root, 'pg.db')], { env });
    expect([backup.code, backup.stderr]).toEqual([1, expect.stringContaining('pg_dump --format=custom')]);
    const restore = await runCli(['restore', join(root, 'pg.db')], { env });
    expect([restore.code, restore.stderr]).toEqual([1, expect.stringContaining('pg_restore --no-owner')]);
    expect(backup.stderr + restore.stderr).not.toContain('hunter2');
  });
});

describe('a restore', () => {
  const isEmpty = async (folder: string): Promise<string[]> =>
    (await readdir(folder)).filter((name) => !['encryption.key', 'serving.lock'].includes(name));

  test('without the key that it needs says which, and puts nothing in place', async () => {
    const made = await backUp('keyless.db');
    const folder = join(root, 'keyless');
    const without = await runCli(['restore', made.file, '--data', folder]);
    expect(without.code).toBe(1);
    expect(without.stderr).toContain(
      `Nothing was restored: a backup does not hold the encryption key. Put encryption.key into ${folder}`,
    );
    const other = await runCli(['restore', made.file, '--data', folder], {
      env: { CHATELAINE_ENCRYPTION_KEYS: generateKey() },
    });
    expect(other.code).toBe(1);
    expect(other.stderr).toContain(`were encrypted with the key ${made.secrets?.keyIds[0]}, which is not among`);
    expect(await isEmpty(folder)).toEqual([]);
  });

  test('tells of a secret that does not open, and restores the rest', async () => {
    const made = await backUp('spoiled.db');
    const database = new DatabaseSync(made.file);
    database.exec(
      "update credentials set sealed = substr(sealed, 1, length(sealed) - 6) || 'AAAAAA' where kind = 'oauth'",
    );
    database.close();
    const folder = await folderWithKey('spoiled');
    const { code, stdout } = await runCli(['restore', made.file, '--data', folder]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/1 of \d+ secrets in it do not open \(they were changed\)/);
  });

  test('never overwrites a database, and waits for no server that runs on it', async () => {
    const made = await backUp('again.db');
    const running = await runCli(['restore', made.file, '--data', hub.folder]);
    expect([running.code, running.stderr]).toEqual([1, expect.stringContaining('another server is running on')]);
    const folder = await folderWithKey('twice');
    await resultOf(['restore', made.file, '--data', folder]);
    const again = await runCli(['restore', made.file, '--data', folder]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('is never overwritten')]);
  });

  test.each([
    ['a text', async (file: string) => writeFile(file, 'x'.repeat(5_000)), /file is not a database/],
    ['torn', async (file: string) => spoil(file, 0.5), /malformed|take another backup/],
    ['of another program', async (file: string) => otherDatabase(file), /is not a database of Chatelaine/],
    ['of a newer version', async (file: string) => ofTheFuture(file), /was written by a newer version/],
  ])('of a file that is %s is refused before anything is put in place', async (name, make, said) => {
    const folder = await folderWithKey(`refused ${name}`);
    const file = join(root, `refused ${name}.db`);
    await make(file);
    const { code, stderr } = await runCli(['restore', file, '--data', folder]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(said)]);
    expect(await isEmpty(folder)).toEqual([]);
  });

  async function ofTheFuture(file: string): Promise<void> {
    await backUp('future.db');
    await copyFile(join(root, 'future.db'), file);
    const database = new DatabaseSync(file);
    database.exec("insert into chatelaine_migrations values ('9999-later', '2030-01-01T00:00:00.000Z')");
    database.close();
  }

  function otherDatabase(file: string): void {
    const database = new DatabaseSync(file);
    database.exec('create table notes (text text)');
    database.close();
  }

  async function spoil(file: string, part: number): Promise<void> {
    await backUp('to-spoil.db');
    const bytes = await readFile(join(root, 'to-spoil.db'));
    bytes.fill(0xa5, Math.floor(bytes.length * part), Math.floor(bytes.length * part) + 40_000);
    await writeFile(file, bytes);
    await chmod(file, 0o600);
  }
});

test('no key and no secret was printed', async () => {
  const [, key = ''] = (await readFile(join(hub.folder, 'encryption.key'), 'utf8')).trim().split(':');
  const all = printed.join('\n');
  expect(all).not.toContain(key);
  for (const secret of render.secretsIssued) if (secret.length > 15) expect(all).not.toContain(secret);
});
