// People over HTTP, on both databases: the first owner, invitations, roles, sessions, limits.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbedded } from '../support/embedded.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { join, PASSWORD, Visit } from '../support/people.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

const envOf = async (kind: 'sqlite' | 'postgres'): Promise<Record<string, string>> =>
  kind === 'sqlite' ? {} : { CHATELAINE_DATABASE_URL: await postgres.createDatabase() };

describe.each(['sqlite', 'postgres'] as const)('people on %s', (kind) => {
  let hub: TestHub;
  let owner: Visit;
  beforeAll(async () => {
    hub = await startHub({ env: await envOf(kind), background: false });
  });
  afterAll(() => hub?.close());

  test('before there is an owner, the hub says so, and only a code of its console makes one, once', async () => {
    const stranger = new Visit(hub);
    expect((await stranger.call('GET', '/api/setup')).body).toEqual({
      needed: true,
      signIn: { password: true, oidc: [] },
    });
    const input = { name: 'Olive', email: 'Owner@Example.com', password: PASSWORD };
    const wrong = await stranger.call('POST', '/api/setup', { ...input, code: 'AAAA-BBBB-CCCC-DDDD' });
    expect(wrong).toMatchObject({ status: 403, body: { code: 'forbidden', field: 'code' } });

    const { people } = hub.server.embedded;
    const [one, other] = [(await people.setup.newCode())?.reveal(), (await people.setup.newCode())?.reveal()];
    expect(one).toMatch(/^[2-9A-Z]{4}(-[2-9A-Z]{4}){3}$/);
    const visits = [new Visit(hub), new Visit(hub)];
    const answers = await Promise.all([
      visits[0]?.call('POST', '/api/setup', { ...input, code: one?.toLowerCase() }),
      visits[1]?.call('POST', '/api/setup', { ...input, code: other, email: 'rival@example.com' }),
    ]);
    expect(answers.map((answer) => answer?.status).sort()).toEqual([201, 409]);
    const winner = answers.findIndex((answer) => answer?.status === 201);
    owner = visits[winner] as Visit;
    expect((await owner.call('GET', '/api/me')).body).toMatchObject({ kind: 'person', name: 'Olive', role: 'owner' });
    expect((await stranger.call('GET', '/api/setup')).body.needed).toBe(false);
    expect((await stranger.call('POST', '/api/setup', { ...input, code: other })).status).toBe(409);
    expect(await people.setup.newCode()).toBe(null);
  });

  test('the cookie is HttpOnly and Lax, and holds nothing that opens without the signature', async () => {
    const me = (await owner.call('GET', '/api/me')).body;
    const visit = new Visit(hub);
    const answer = await visit.call('POST', '/api/sign-in', { email: me.email.toUpperCase(), password: PASSWORD });
    expect(answer).toMatchObject({ status: 200, body: { id: me.id } });
    expect(answer.headers.getSetCookie().join()).toMatch(/^chatelaine_session=.*HttpOnly.*SameSite=Lax/);
    const [name, value = ''] = [...visit.jar][0] ?? [];
    visit.jar.set(name ?? '', `${value.split('.')[0]}.${'A'.repeat(43)}%3D`);
    expect((await visit.call('GET', '/api/me')).status).toBe(401);
  });

  test('a wrong password and an unknown address are one and the same answer', async () => {
    const { email } = (await owner.call('GET', '/api/me')).body;
    const stranger = new Visit(hub);
    const wrong = await stranger.call('POST', '/api/sign-in', { email, password: 'wrong' });
    const unknown = await stranger.call('POST', '/api/sign-in', { email: 'no@example.com', password: 'wrong' });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    expect(unknown.body).toEqual(wrong.body);
  });

  test('on https the cookie is for this host alone, and for https alone', async () => {
    const embedded = await startEmbedded({ url: 'https://hub.example.com' });
    try {
      const code = (await embedded.people.setup.newCode())?.reveal();
      const body = JSON.stringify({ code, name: 'Olive', email: 'o@example.com', password: PASSWORD });
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': '10.9.9.9, 203.0.113.7' };
      const request = new Request('https://hub.example.com/api/setup', { method: 'POST', headers, body });
      const answer = await embedded.fetch(request, { address: '10.0.0.1' });
      const [line = ''] = answer.headers.getSetCookie();
      expect(line).toMatch(/^__Host-chatelaine_session=/);
      for (const attribute of [/; HttpOnly/, /; SameSite=Lax/, /; Secure/, /; Path=\/(;|$)/])
        expect(line).toMatch(attribute);
      expect(line).not.toMatch(/; Domain/i);
      const [cookie = ''] = line.split(';');
      const sessions = await embedded.fetch(
        new Request('https://hub.example.com/api/sessions', { headers: { cookie } }),
      );
      // What the proxy saw, not what the browser says it is.
      expect(((await sessions.json()) as any).items[0].address).toBe('203.0.113.7');
    } finally {
      await embedded.close();
    }
  });

  test('an account is closed for a while after ten wrong passwords, and others stay open', async () => {
    const victim = await join(hub, owner, 'viewer', `limited-${kind}@example.com`);
    const { email } = (await victim.call('GET', '/api/me')).body;
    const stranger = new Visit(hub);
    for (let i = 0; i < 10; i += 1)
      expect((await stranger.call('POST', '/api/sign-in', { email, password: `wrong ${i}` })).status).toBe(401);
    const closed = await stranger.call('POST', '/api/sign-in', { email, password: PASSWORD });
    expect(closed).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(closed.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await victim.call('GET', '/api/me')).status).toBe(200);
    const other = (await owner.call('GET', '/api/me')).body.email;
    expect((await stranger.call('POST', '/api/sign-in', { email: other, password: PASSWORD })).status).toBe(200);
  });

  test('an address is closed for a while after fifty tries of whatever accounts, and other addresses stay open', async () => {
    const embedded = await startEmbedded();
    const ask = async (i: number, address: string): Promise<number> => {
      const body = JSON.stringify({ email: `${i}@example.com`, password: 'wrong' });
      const headers = { 'content-type': 'application/json' };
      const request = new Request(`${embedded.url}/api/sign-in`, { method: 'POST', headers, body });
      return (await embedded.fetch(request, { address })).status;
    };
    try {
      const tries = await Promise.all(Array.from({ length: 51 }, (_, i) => ask(i, '203.0.113.9')));
      expect(tries.filter((status) => status === 401)).toHaveLength(50);
      expect(tries.filter((status) => status === 429)).toHaveLength(1);
      expect(await ask(99, '203.0.113.10')).toBe(401);
      embedded.clock.ahead = 16 * 60_000;
      expect(await ask(99, '203.0.113.9')).toBe(401);
    } finally {
      await embedded.close();
    }
  });

  test('an invitation says what it is for, works once, and can be withdrawn', async () => {
    const made = await owner.call('POST', '/api/people/invitations', { role: 'operator', email: 'Otto@Example.com' });
    expect(made).toMatchObject({ status: 201, body: { role: 'operator', email: 'otto@example.com' } });
    const path = `/api/invitations/${made.body.url.split('/').at(-1)}`;
    const listed = await owner.call('GET', '/api/people/invitations');
    expect(listed.text).not.toContain(path.split('/').at(-1));
    expect(listed.body.items).toEqual([expect.objectContaining({ id: made.body.id, email: 'otto@example.com' })]);

    const otto = new Visit(hub);
    expect((await otto.call('GET', path)).body).toMatchObject({
      kind: 'invitation',
      role: 'operator',
      email: 'otto@example.com',
    });
    const as = (input: object) => otto.call('POST', path, { name: 'Otto', password: PASSWORD, ...input });
    expect(await as({ email: 'x@example.com' })).toMatchObject({ status: 400, body: { field: 'email' } });
    expect(await as({ password: 'short' })).toMatchObject({ status: 400, body: { field: 'password' } });
    expect(await as({})).toMatchObject({ status: 200, body: { name: 'Otto', role: 'operator' } });
    expect((await as({})).status).toBe(404);
    expect((await new Visit(hub).call('GET', path)).status).toBe(404);

    const second = (await owner.call('POST', '/api/people/invitations', { role: 'viewer' })).body;
    expect((await owner.call('DELETE', `/api/people/invitations/${second.id}`)).status).toBe(204);
    const late = await new Visit(hub).call('GET', `/api/invitations/${second.url.split('/').at(-1)}`);
    expect(late.status).toBe(404);
  });

  test('of two who come at once with one address, one comes in and the other keeps the invitation', async () => {
    const invite = async () => (await owner.call('POST', '/api/people/invitations', { role: 'viewer' })).body.url;
    const paths = [await invite(), await invite()].map((url) => `/api/invitations/${url.split('/').at(-1)}`);
    const input = { name: 'Two', email: 'two@example.com', password: PASSWORD };
    const answers = await Promise.all(paths.map((path) => new Visit(hub).call('POST', path, input)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const late = paths[answers.findIndex(({ status }) => status === 409)] ?? '';
    expect((await new Visit(hub).call('GET', late)).status).toBe(200);
    await new Visit(hub).call('POST', late, { ...input, email: 'three@example.com' });
  });

  test('a role that changes, a person who is disabled or removed: their sessions end at once', async () => {
    const email = 'vera@example.com';
    const vera = await join(hub, owner, 'viewer', email);
    const { id } = (await vera.call('GET', '/api/me')).body;
    const signIn = () => vera.call('POST', '/api/sign-in', { email, password: PASSWORD });

    expect((await owner.call('PATCH', `/api/people/${id}`, { role: 'operator' })).body.role).toBe('operator');
    expect((await vera.call('GET', '/api/me')).status).toBe(401);
    expect((await signIn()).body.role).toBe('operator');

    expect((await owner.call('PATCH', `/api/people/${id}`, { enabled: false })).body.enabled).toBe(false);
    expect((await vera.call('GET', '/api/me')).status).toBe(401);
    expect((await signIn()).status).toBe(401);
    await owner.call('PATCH', `/api/people/${id}`, { enabled: true });
    expect((await signIn()).status).toBe(200);

    expect((await owner.call('DELETE', `/api/people/${id}`)).status).toBe(204);
    expect((await vera.call('GET', '/api/me')).status).toBe(401);
    expect((await signIn()).status).toBe(401);
    expect((await owner.call('GET', '/api/people')).text).not.toContain(email);
  });

  test('the last owner can be neither removed nor demoted nor disabled, and of two who try it at once one stays', async () => {
    const { id, email } = (await owner.call('GET', '/api/me')).body;
    for (const change of [{ role: 'viewer' }, { enabled: false }])
      expect((await owner.call('PATCH', `/api/people/${id}`, change)).body.code).toBe('conflict');
    expect((await owner.call('DELETE', `/api/people/${id}`)).status).toBe(409);

    const second = await join(hub, owner, 'owner', 'second@example.com');
    const secondId = (await second.call('GET', '/api/me')).body.id;
    const statuses = await Promise.all([
      owner.call('PATCH', `/api/people/${secondId}`, { role: 'viewer' }),
      second.call('PATCH', `/api/people/${id}`, { role: 'viewer' }),
    ]);
    const people = (await hub.ok('GET', '/api/people')).items;
    expect(people.filter((each: any) => each.role === 'owner')).toHaveLength(1);
    expect(statuses.map(({ status }) => status)).toContain(200);
    for (const each of [id, secondId]) await hub.ok('PATCH', `/api/people/${each}`, { role: 'owner' });
    await owner.call('POST', '/api/sign-in', { email, password: PASSWORD });
    expect((await owner.call('GET', '/api/me')).body.role).toBe('owner');
  });

  test('sessions are listed and ended, one or all, and nobody ends those of others', async () => {
    const email = 'many@example.com';
    const first = await join(hub, owner, 'viewer', email);
    const second = new Visit(hub);
    await second.call('POST', '/api/sign-in', { email, password: PASSWORD });
    const { items } = (await second.call('GET', '/api/sessions')).body;
    expect(items).toHaveLength(2);
    expect(items.filter((each: any) => each.current)).toHaveLength(1);
    expect(items[0]).toMatchObject({ address: expect.stringMatching(/127\.0\.0\.1$/) });
    const other = items.find((each: any) => !each.current);
    expect((await owner.call('DELETE', `/api/sessions/${other.id}`)).status).toBe(404);
    expect((await second.call('DELETE', `/api/sessions/${other.id}`)).status).toBe(204);
    expect((await first.call('GET', '/api/me')).status).toBe(401);
    await first.call('POST', '/api/sign-in', { email, password: PASSWORD });
    expect((await second.call('DELETE', '/api/sessions')).status).toBe(204);
    for (const visit of [first, second]) expect((await visit.call('GET', '/api/me')).status).toBe(401);
  });

  test('signing out ends the session itself, not only the cookie', async () => {
    const visit = await join(hub, owner, 'viewer', 'leaves@example.com');
    const kept = new Map(visit.jar);
    expect((await visit.call('POST', '/api/sign-out')).status).toBe(204);
    expect(visit.jar.size).toBe(0);
    for (const [name, value] of kept) visit.jar.set(name, value);
    expect((await visit.call('GET', '/api/me')).status).toBe(401);
  });

  test('a new password wants the present one and ends the other sessions', async () => {
    const email = 'renews@example.com';
    const here = await join(hub, owner, 'viewer', email);
    const there = new Visit(hub);
    await there.call('POST', '/api/sign-in', { email, password: PASSWORD });
    const password = 'another good password';
    const change = (currentPassword?: string) => here.call('PATCH', '/api/me', { password, currentPassword });
    expect(await change()).toMatchObject({ status: 400, body: { field: 'currentPassword' } });
    expect(await change('wrong')).toMatchObject({ status: 400, body: { field: 'currentPassword' } });
    expect((await change(PASSWORD)).status).toBe(200);
    expect((await here.call('GET', '/api/me')).status).toBe(200);
    expect((await there.call('GET', '/api/me')).status).toBe(401);
    expect((await there.call('POST', '/api/sign-in', { email, password: PASSWORD })).status).toBe(401);
    expect((await there.call('POST', '/api/sign-in', { email, password })).status).toBe(200);
    expect((await here.call('PATCH', '/api/me', { name: 'Rena' })).body.name).toBe('Rena');
  });

  test('a link to a new password works once and ends every session', async () => {
    const email = 'forgot@example.com';
    const visit = await join(hub, owner, 'viewer', email);
    const { id } = (await visit.call('GET', '/api/me')).body;
    const { url } = (await owner.call('POST', `/api/people/${id}/password-link`)).body;
    const path = `/api/invitations/${url.split('/').at(-1)}`;
    const fresh = new Visit(hub);
    expect((await fresh.call('GET', path)).body).toMatchObject({ kind: 'password_reset', email });
    expect((await fresh.call('POST', path, { password: 'a wholly new password' })).body).toMatchObject({ email });
    expect((await visit.call('GET', '/api/me')).status).toBe(401);
    expect((await fresh.call('GET', '/api/me')).status).toBe(200);
    expect((await fresh.call('POST', path, { password: 'a wholly new password' })).status).toBe(404);
  });

  test('what people did is in the audit log under their id, with no password or link', async () => {
    const { items } = await hub.ok('GET', '/api/audit?limit=200');
    const actions = new Set(items.map((each: any) => each.action));
    for (const action of [
      'person.created',
      'person.changed',
      'person.deleted',
      'invitation.created',
      'session.started',
    ])
      expect(actions).toContain(action);
    expect(items.some((each: any) => /^person:\w+$/.test(each.actor))).toBe(true);
    expect(JSON.stringify(items)).not.toContain(PASSWORD);
    expect(JSON.stringify(items)).not.toContain('/invitation/');
  });

  test('who renames themselves like somebody else is audited, and shown with their address', async () => {
    const email = 'renamed@example.com';
    const visit = await join(hub, owner, 'viewer', email);
    const { id } = (await visit.call('GET', '/api/me')).body;
    await visit.call('PATCH', '/api/me', { name: 'Olive' });
    const { items } = await hub.ok('GET', '/api/audit?action=person.renamed&limit=1');
    expect(items[0]).toMatchObject({
      actor: `person:${id}`,
      actorName: 'Olive',
      actorEmail: email,
      detail: { personId: id, name: 'Olive', before: email },
    });
  });

  test("the tables are exactly the ones that better-auth's own plan asks for", async () => {
    const { authOptions } = await import('../../src/people/auth-options.ts');
    const { getMigrations } = await import('better-auth/db/migration');
    const { openStore } = await import('../../src/store/open-store.ts');
    const { Secret } = await import('../../src/secret.ts');
    const store = await openStore(
      kind === 'sqlite'
        ? { kind, file: `${hub.folder}/chatelaine.db` }
        : { kind, url: await postgres.createDatabase() },
    );
    try {
      const log = { info() {}, warn() {}, error() {} };
      const settings = { store, baseUrl: hub.url, log };
      const { compileMigrations } = await getMigrations(authOptions(settings, new Secret('x'.repeat(64))));
      expect((await compileMigrations()).replace(/[;\s]/g, '')).toBe('');
    } finally {
      await store.close();
    }
  });

  test('the log holds no password, and nothing went wrong', () => {
    expect(hub.logged.join('\n')).not.toContain(PASSWORD);
    expect(hub.logged.filter((line) => /"level":"error"/.test(line))).toEqual([]);
  });
});
