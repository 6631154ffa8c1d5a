// What somebody handed out ends with their right to do so, and a link with whatever makes it stale: on both databases.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import { join, PASSWORD, setUp, Visit } from '../support/people.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

const tokenOf = (url: string): string => url.split('/').at(-1) ?? '';

describe.each(['sqlite', 'postgres'] as const)('what is withdrawn on %s', (kind) => {
  let hub: TestHub;
  let owner: Visit;
  let url: string | undefined;
  beforeAll(async () => {
    url = kind === 'sqlite' ? undefined : await postgres.createDatabase();
    const env = url === undefined ? {} : { CHATELAINE_DATABASE_URL: url };
    hub = await startHub({ env: env as Record<string, string>, background: false });
    owner = await setUp(hub);
  });
  afterAll(() => hub?.close());

  const idOf = async (visit: Visit): Promise<string> => (await visit.call('GET', '/api/me')).body.id;
  const look = async (url: string): Promise<number> =>
    (await new Visit(hub).call('GET', `/api/invitations/${tokenOf(url)}`)).status;
  const follow = async (url: string): Promise<number> => (await fetch(url, { redirect: 'manual' })).status;
  const byToken = async (token: string): Promise<number> =>
    (await fetch(`${hub.url}/api/connectors`, { headers: { authorization: `Bearer ${token}` } })).status;
  const withToken = async (token: string, path: string, body: object): Promise<any> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return (await fetch(`${hub.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  };

  test.each([
    ['removed', 'DELETE', undefined],
    ['disabled', 'PATCH', { enabled: false }],
    ['demoted', 'PATCH', { role: 'viewer' }],
  ])('an owner who is %s leaves no link and no token of an owner behind', async (how, method, change) => {
    const mallory = await join(hub, owner, 'owner', `mallory-${how}@example.com`);
    const [id, ownersId] = [await idOf(mallory), await idOf(owner)];
    const ask = async (path: string, body?: object) => (await mallory.call('POST', path, body)).body;
    const password = (await ask(`/api/people/${ownersId}/password-link`)).url;
    const invitation = (await ask('/api/people/invitations', { role: 'owner' })).url;
    const { people } = hub.server.embedded;
    const actor = { name: `person:${id}` };
    const signIn = (await people.links.signIn(ownersId, actor)).url;
    const forThem = (await owner.call('POST', `/api/people/${id}/password-link`)).body.url;
    const token = (await ask('/api/tokens', { role: 'owner' })).token;
    const reader = (await ask('/api/tokens', { role: 'reader' })).token;
    const operator = (await ask('/api/tokens', { role: 'operator' })).token;
    // What was made with the token is theirs too, when the token itself is gone.
    const between = await withToken(token, '/api/tokens', { role: 'owner' });
    const second = (await withToken(between.token, '/api/tokens', { role: 'owner' })).token;
    const byProgram = (await withToken(between.token, '/api/people/invitations', { role: 'owner' })).url;
    await mallory.call('DELETE', `/api/tokens/${between.id}`);
    const others = (await owner.call('POST', '/api/people/invitations', { role: 'viewer' })).body.url;
    const othersToken = (await owner.call('POST', '/api/tokens', { role: 'owner' })).body.token;
    expect(await byToken(second)).toBe(200);

    expect((await owner.call(method, `/api/people/${id}`, change)).status).toBeLessThan(300);
    for (const url of [password, invitation, forThem, byProgram]) expect(await look(url)).toBe(404);
    expect(await follow(signIn)).toBe(404);
    for (const each of [token, operator, second]) expect(await byToken(each)).toBe(401);
    expect(await byToken(reader)).toBe(how === 'demoted' ? 200 : 401);
    expect(await look(others)).toBe(200);
    expect(await byToken(othersToken)).toBe(200);
    const { items } = await hub.ok('GET', '/api/audit?limit=100&action=api_token.deleted');
    expect(items.filter((each: any) => each.detail.madeBy === `person:${id}`)).toHaveLength(how === 'demoted' ? 3 : 4);
  });

  test('an owner whom another process still believes for a moment hands nothing out that lasts', async () => {
    const env = kind === 'sqlite' ? {} : { CHATELAINE_DATABASE_URL: url ?? '' };
    const other = await startHub({
      env: env as Record<string, string>,
      folder: hub.folder,
      beside: true,
      background: false,
    });
    try {
      const late = await join(hub, owner, 'owner', 'late@example.com');
      const id = await idOf(late);
      const headers = { cookie: late.cookie, origin: other.url, 'content-type': 'application/json' };
      const ask = async (path: string, body: object): Promise<number> =>
        (await fetch(`${other.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
      const before = (await owner.call('GET', '/api/people/invitations')).body.items.length;
      const tokens = (await owner.call('GET', '/api/tokens')).body.items.length;
      expect((await fetch(`${other.url}/api/me`, { headers })).status).toBe(200);
      await owner.call('DELETE', `/api/people/${id}`);
      const answers = [
        await ask('/api/tokens', { role: 'owner' }),
        await ask('/api/people/invitations', { role: 'owner' }),
      ];
      // 401 once the session is looked up anew.
      for (const status of answers) expect([401, 403]).toContain(status);
      expect((await owner.call('GET', '/api/people/invitations')).body.items).toHaveLength(before);
      expect((await owner.call('GET', '/api/tokens')).body.items).toHaveLength(tokens);
    } finally {
      await other.close();
    }
  });

  test('however many invitations there are, those of somebody who is removed all go', async () => {
    const many = await join(hub, owner, 'owner', 'many@example.com');
    const id = await idOf(many);
    const { people } = hub.server.embedded;
    for (let i = 0; i < 1_001; i += 1) await people.links.invite({ role: 'viewer' }, { name: `person:${id}` });
    const { url } = (await many.call('POST', '/api/people/invitations', { role: 'owner' })).body;
    await owner.call('DELETE', `/api/people/${id}`);
    expect(await look(url)).toBe(404);
  }, 60_000);

  test('the use of a link, a sign-out everywhere and a new password each end the older links of that person', async () => {
    const email = 'links@example.com';
    const visit = await join(hub, owner, 'viewer', email);
    const id = await idOf(visit);
    const { people } = hub.server.embedded;
    const make = async () => ({
      password: (await owner.call('POST', `/api/people/${id}/password-link`)).body.url,
      signIn: (await people.links.signIn(id, { name: 'cli' })).url,
    });
    const gone = async (links: { password: string; signIn: string }) => {
      expect(await look(links.password)).toBe(404);
      expect(await follow(links.signIn)).toBe(404);
    };
    let older = await make();
    const newer = await make();
    const path = `/api/invitations/${tokenOf(newer.password)}`;
    expect((await visit.call('POST', path, { password: 'one more good password' })).status).toBe(200);
    await gone(older);
    older = await make();
    const change = { password: PASSWORD, currentPassword: 'one more good password' };
    expect((await visit.call('PATCH', '/api/me', change)).status).toBe(200);
    await gone(older);
    older = await make();
    expect((await visit.call('DELETE', '/api/sessions')).status).toBe(204);
    await gone(older);
    older = await make();
    expect(await follow((await make()).signIn)).toBe(303);
    await gone(older);
  });
});
