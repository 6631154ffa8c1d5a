// `chatelaine people` beside a running hub: whoever has the console is never locked out.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PASSWORD, Visit } from '../support/people.ts';
import { printed, resultOf, runCli, startCli } from './run-cli.ts';

type Announced = { url: string; setupCode: string | null };

let data = '';
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'chatelaine-people-'));
});
afterAll(() => rm(data, { recursive: true, force: true }));

test('from a set-up code on the console to people who are invited, changed and never locked out', async () => {
  const first = await startCli(['serve', '--port', '0', '--data', data, '--json']);
  const { url, setupCode: code } = JSON.parse(first.line) as Announced;
  expect(code).toMatch(/^\w{4}(-\w{4}){3}$/);
  const address = ['--data', data, '--url', url];
  const owner = new Visit({ url });
  const input = { code, name: 'Olive', email: 'olive@example.com', password: PASSWORD };
  expect((await owner.call('POST', '/api/setup', input)).status).toBe(201);

  const invited = await resultOf<{ url: string }>(['people', 'invite', '--role', 'viewer', ...address]);
  expect(invited.url).toMatch(new RegExp(`^${url}/invitation/`));
  const vera = new Visit({ url });
  const path = `/api/invitations/${invited.url.split('/').at(-1)}`;
  const accepted = await vera.call('POST', path, { name: 'Vera', email: 'vera@example.com', password: PASSWORD });
  expect(accepted.body).toMatchObject({ role: 'viewer' });

  await resultOf(['people', 'role', 'vera@example.com', '--role', 'operator', '--data', data]);
  const { items } = await resultOf<{ items: { email: string; role: string }[] }>(['people', 'list', '--data', data]);
  expect(items.map(({ email, role }) => [email, role])).toEqual([
    ['olive@example.com', 'owner'],
    ['vera@example.com', 'operator'],
  ]);

  const { items: people } = (await owner.call('GET', '/api/people')).body;
  const { id } = people.find(({ email }: { email: string }) => email === 'vera@example.com');
  await owner.call('PATCH', `/api/people/${id}`, { enabled: false });
  const demoted = await resultOf(['people', 'role', 'vera@example.com', '--role', 'viewer', '--data', data]);
  expect(demoted).toMatchObject({ role: 'viewer', enabled: false });

  const reset = await resultOf<{ url: string }>(['people', 'reset-password', 'olive@example.com', ...address]);
  const again = new Visit({ url });
  const chosen = await again.call('POST', `/api/invitations/${reset.url.split('/').at(-1)}`, {
    password: 'a wholly new password',
  });
  expect(chosen.body).toMatchObject({ email: 'olive@example.com', role: 'owner' });

  const last = await runCli(['people', 'role', 'olive@example.com', '--role', 'viewer', '--data', data]);
  expect([last.code, last.stderr]).toEqual([1, expect.stringContaining('the last owner')]);
  expect((await runCli(['people', 'role', 'nobody@example.com', '--role', 'viewer', '--data', data])).code).toBe(1);

  first.process.kill('SIGTERM');
  await first.ended;
  const second = await startCli(['serve', '--port', '0', '--data', data, '--json']);
  expect((JSON.parse(second.line) as Announced).setupCode).toBe(null);
  second.process.kill('SIGTERM');
  await second.ended;
  expect(printed.join('\n')).not.toContain(PASSWORD);
});
