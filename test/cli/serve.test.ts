import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { printed, resultOf, runCli, startCli } from './run-cli.ts';

type Announced = {
  url: string;
  dataFolder: string;
  database: string;
  keyFile: string;
  keyOrigin: string;
  callers: boolean;
};

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chatelaine-cli-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('serve', () => {
  test('a new hub is made, served, used beside the server, and found again at the second start', async () => {
    const data = join(root, 'hub');
    const first = await startCli(['--port', '0', '--data', data, '--json']);
    const announced = JSON.parse(first.line) as Announced;
    expect(announced).toMatchObject({ dataFolder: data, database: 'sqlite', keyOrigin: 'made', callers: false });
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    expect((await stat(announced.keyFile)).mode & 0o777).toBe(0o600);
    expect((await fetch(`${announced.url}/readyz`)).status).toBe(200);

    const made = await resultOf<{ token: string; role: string }>([
      'tokens',
      'create',
      '--role',
      'reader',
      '--data',
      data,
    ]);
    const read = await fetch(`${announced.url}/api/connectors`, { headers: { authorization: `Bearer ${made.token}` } });
    expect([made.role, read.status]).toEqual(['reader', 200]);

    const port = new URL(announced.url).port;
    const { checks } = await resultOf<{ checks: { name: string; status: string }[] }>([
      'doctor',
      '--data',
      data,
      '--port',
      port,
    ]);
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([
      'settings',
      'data folder',
      'key file',
      'database',
      'encryption key',
      'clock',
      'callers',
      'public address',
      'secrets folder',
      'memory',
    ]);

    first.process.kill('SIGTERM');
    expect(await first.ended).toMatchObject({ code: 0, signal: null });

    const key = await readFile(announced.keyFile, 'utf8');
    const second = await startCli(['serve', '--port', '0', '--data', data]);
    second.process.kill('SIGINT');
    const { code, stdout } = await second.ended;
    expect(code).toBe(0);
    expect(stdout).toContain(announced.keyFile);
    expect(stdout).not.toMatch(/made now|Nobody can call/);
    expect(await readFile(announced.keyFile, 'utf8')).toBe(key);
    expect(printed.join('\n')).not.toContain(key.trim().split(':')[1]);
  });

  test('the first start tells of the new key and how to get in', async () => {
    const data = join(root, "it's new");
    const { process: child, ended } = await startCli(['serve', '--port', '0', '--data', data]);
    child.kill('SIGTERM');
    const { stdout } = await ended;
    expect(stdout).toContain(`The encryption key was made now: ${data}/encryption.key`);
    expect(stdout).toContain(`npm run chatelaine -- tokens create --role owner --data '${data.replace("'", "'\\''")}'`);
  });

  test('a missing key is never replaced over existing data, by no command', async () => {
    const data = join(root, 'keyless');
    await resultOf(['agents', 'list', '--data', data]);
    const file = join(data, 'encryption.key');
    await rename(file, `${file}.lost`);
    for (const args of [
      ['serve', '--port', '0'],
      ['keys', 'verify'],
    ]) {
      const { code, stdout, stderr } = await runCli([...args, '--data', data, '--json']);
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'encryption_key_missing' } });
      expect(stderr).toMatch(/^chatelaine: The database holds encrypted secrets, but their key is missing: .*\n$/);
    }
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  test('a second signal ends at once, whoever is still being answered', async () => {
    const {
      process: child,
      line,
      ended,
    } = await startCli(['serve', '--port', '0', '--data', join(root, 'hub'), '--json']);
    const { hostname, port } = new URL((JSON.parse(line) as Announced).url);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    await once(socket, 'connect');
    socket.write('POST /api/connectors HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n');
    let over = false;
    void ended.then(() => {
      over = true;
    });
    await until('the end', () => {
      child.kill('SIGTERM');
      return over;
    });
    expect((await ended).code).toBe(143);
    socket.destroy();
  });
});

describe('what cannot be done', () => {
  test.each([
    [{ CHATELAINE_PORT: 'abc' }, 'CHATELAINE_PORT (or --port) is "abc": set it to a number from 0 to 65535.'],
    [{ CHATELAINE_HOST: '0.0.0.0' }, 'CHATELAINE_URL (or --url) is missing'],
    [{ CHATELAINE_ENCRYPTION_KEYS: 'k1:c2hvcnQ=' }, 'CHATELAINE_ENCRYPTION_KEYS: entry 1 (id "k1") must hold 32 bytes'],
  ])('wrong settings %j are one line that says the mend', async (env, said) => {
    const { code, stdout, stderr } = await runCli(['serve'], {
      env: { CHATELAINE_PORT: '0', CHATELAINE_DATA: join(root, 'wrong'), ...env },
    });
    expect(code).toBe(1);
    expect(stderr).toContain(said);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr + stdout).not.toContain('c2hvcnQ');
  });

  test('a command that does not exist is one line and a hint', async () => {
    const { code, stdout, stderr } = await runCli(['conectors', 'list']);
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      'chatelaine: there is no command "conectors". See: chatelaine --help\n',
    ]);
  });
});
