// Links in the database and in the log: what has expired hides nothing and goes, and no live link is logged.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import { setUp, Visit } from '../support/people.ts';

let hub: TestHub;
let owner: Visit;
let database: DatabaseSync;
beforeEach(async () => {
  hub = await startHub({ background: false });
  owner = await setUp(hub);
  const name = readdirSync(hub.folder).find((each) => each.endsWith('.db')) ?? '';
  database = new DatabaseSync(join(hub.folder, name));
});
afterEach(async () => {
  database.close();
  await hub.close();
});

test('a thousand expired invitations hide no live one, and maintenance removes them', async () => {
  const { people, hub: itself } = hub.server.embedded;
  for (let i = 0; i < 1_000; i += 1) await people.links.invite({ role: 'viewer' }, { name: 'cli' });
  database.exec("update auth_verifications set expires_at = '2020-01-01T00:00:00.000Z'");
  const email = 'late@example.com';
  const made = (await owner.call('POST', '/api/people/invitations', { role: 'viewer', email })).body;
  const { items } = (await owner.call('GET', '/api/people/invitations')).body;
  expect(items).toEqual([expect.objectContaining({ id: made.id })]);
  await itself.maintain();
  expect(database.prepare('select id from auth_verifications').all()).toEqual([{ id: made.id }]);
});

test('a request that fails is logged by its route, without the link in its path', async () => {
  const { url } = (await owner.call('POST', '/api/people/invitations', { role: 'viewer' })).body;
  const token = url.split('/').at(-1);
  database.exec('alter table auth_verifications rename to away');
  expect((await new Visit(hub).call('GET', `/api/invitations/${token}`)).status).toBeGreaterThanOrEqual(500);
  database.exec('alter table away rename to auth_verifications');
  expect((await new Visit(hub).call('GET', `/api/invitations/${token}`)).status).toBe(200);
  const logged = hub.logged.join('\n');
  expect(logged).not.toContain(token);
  expect(logged).toContain('/api/invitations/:token');
});
