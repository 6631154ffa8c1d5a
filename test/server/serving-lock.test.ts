import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultOf, runCli, startCli } from '../cli/run-cli.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chatelaine-lock-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const serve = (data: string) => ['serve', '--port', '0', '--data', data, '--json'];

test('a second server on one data folder is refused with what to do, and the first goes on', async () => {
  const data = join(root, 'shared');
  const first = await startCli(serve(data));
  const { url } = JSON.parse(first.line) as { url: string };

  const second = await runCli(serve(data));
  expect(second.code).toBe(1);
  expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'invalid_settings' } });
  expect(second.stderr).toBe(
    `chatelaine: CHATELAINE_DATA: another server is running on ${data}; stop it first, or give this one a folder of its own. Several servers share one database with CHATELAINE_DATABASE_URL=postgres://….\n`,
  );

  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect((await stat(join(data, 'serving.lock'))).mode & 0o777).toBe(0o600);
  // The command line works beside it as ever.
  expect(await resultOf(['agents', 'add', '--name', 'Beside', '--data', data])).toMatchObject({ name: 'Beside' });
  first.process.kill('SIGTERM');
  expect((await first.ended).code).toBe(0);
});

test('a server that was killed leaves no lock behind', async () => {
  const data = join(root, 'killed');
  const first = await startCli(serve(data));
  first.process.kill('SIGKILL');
  expect((await first.ended).signal).toBe('SIGKILL');
  const second = await startCli(serve(data));
  second.process.kill('SIGTERM');
  expect((await second.ended).code).toBe(0);
});

test('of three servers that start at once on a new folder one serves and the others say why not', async () => {
  const data = join(root, 'race');
  const said = await Promise.all(
    [1, 2, 3].map(async () => {
      const started = await startCli(serve(data));
      return { ...started, answer: JSON.parse(started.line) as { url?: string; error?: { message: string } } };
    }),
  );
  const running = said.filter(({ answer }) => answer.url !== undefined);
  const refused = said.filter(({ answer }) => answer.error?.message.includes('another server is running on'));
  expect([running.length, refused.length]).toEqual([1, 2]);
  for (const each of running) each.process.kill('SIGTERM');
  for (const each of said) expect((await each.ended).code).toBe(each.answer.url === undefined ? 1 : 0);
});
