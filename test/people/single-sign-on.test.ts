// Single sign-on against a real OpenID provider: who comes in and as what, who does not, and what a provider that
// was down at the start changes.

import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FRESH_SIGN_IN_MS } from '../../src/limits.ts';
import { Browser, type Visit as Visited } from '../support/browser.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { type OpenId, prepareOpenId } from '../support/openid.ts';
import { join, PASSWORD, setUp, Visit } from '../support/people.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

/** Why nobody was let in: told to the page where it was built, else on a plain one. */
const refusalOf = ({ url, text }: Visited): string | undefined =>
  url.searchParams.get('error') ?? /Code: <code>(\w+)<\/code>/.exec(text)?.[1];

const ada = { sub: 'ada', email: 'Ada@example.com', email_verified: true, name: 'Ada' };

describe.each(['sqlite', 'postgres'] as const)('single sign-on on %s', (kind) => {
  let hub: TestHub;
  let openId: OpenId;
  let owner: Visit;
  let database: string | null = null;

  beforeAll(async () => {
    openId = await prepareOpenId();
    if (kind === 'postgres') database = await postgres.createDatabase();
    // The provider is down while the hub starts.
    hub = await startHub({
      background: false,
      env: {
        CHATELAINE_OIDC_ISSUER: openId.issuer,
        CHATELAINE_OIDC_CLIENT_ID: openId.clientId,
        CHATELAINE_OIDC_CLIENT_SECRET: openId.clientSecret,
        CHATELAINE_OIDC_NAME: 'Example Inc.',
        CHATELAINE_OIDC_ALLOWED_DOMAINS: 'example.com',
        ...(database === null ? {} : { CHATELAINE_DATABASE_URL: database }),
      },
    });
    owner = await setUp(hub);
  });
  afterAll(async () => {
    await hub?.close();
    await openId?.close();
  });
  /** Signs in with a fresh browser; answers where it ended and a visit with its cookies. */
  const signIn = async (returnTo = '/api/me') => {
    const browser = new Browser();
    const end = await browser.follow(`${hub.url}/sign-in/oidc/sso?returnTo=${encodeURIComponent(returnTo)}`);
    const visit = new Visit(hub);
    for (const [name, value] of browser.cookies('127.0.0.1')) if (value !== '') visit.jar.set(name, value);
    return { end, visit, browser };
  };

  test('a provider that was down at the start is found as soon as it is there', async () => {
    expect((await owner.call('GET', '/api/setup')).body.signIn.oidc).toEqual([{ id: 'sso', name: 'Example Inc.' }]);
    const down = await signIn();
    expect(refusalOf(down.end)).toBe('upstream_unreachable');
    await openId.start(`${hub.url}/sign-in/oidc/sso/callback`);
    openId.account = ada;
    const { end } = await signIn();
    expect(JSON.parse(end.text)).toMatchObject({
      kind: 'person',
      name: 'Ada',
      email: 'ada@example.com',
      role: 'viewer',
      hasPassword: false,
    });
  });

  test('the same person comes back as the same person, whatever their address is now', async () => {
    const first = JSON.parse((await signIn()).end.text);
    openId.account = { ...ada, email: 'ada.married@example.com' };
    expect(JSON.parse((await signIn()).end.text)).toMatchObject({ id: first.id, email: 'ada@example.com' });
    openId.account = ada;
    const people = (await owner.call('GET', '/api/people')).body.items;
    expect(people.find((each: any) => each.id === first.id).signIn).toEqual(['oidc']);
  });

  test.each([
    ['of another domain', { sub: 'eve', email: 'eve@evil.example', email_verified: true }],
    ['whose address is not verified', { sub: 'mal', email: 'mal@example.com', email_verified: false }],
    ['of whose address nothing is said', { sub: 'may', email: 'may@example.com' }],
    ['without an address', { sub: 'nil' }],
  ])('somebody %s is not let in', async (_who, account) => {
    openId.account = account;
    const { end, visit } = await signIn();
    expect(refusalOf(end)).toBe('forbidden');
    expect((await visit.call('GET', '/api/me')).status).toBe(401);
  });

  test('an invitation by address lets somebody of another domain in, with its role, once', async () => {
    await owner.call('POST', '/api/people/invitations', { role: 'operator', email: 'guest@elsewhere.example' });
    openId.account = { sub: 'guest', email: 'guest@elsewhere.example', email_verified: true, name: 'Guest' };
    expect(JSON.parse((await signIn()).end.text)).toMatchObject({ role: 'operator' });
    expect((await owner.call('GET', '/api/people/invitations')).body.items).toEqual([]);
  });

  test('somebody with a password is known by a verified address, never by one that is not', async () => {
    const email = 'both@example.com';
    const { url } = (await owner.call('POST', '/api/people/invitations', { role: 'operator', email })).body;
    const visit = new Visit(hub);
    await visit.call('POST', `/api/invitations/${url.split('/').at(-1)}`, { name: 'Both', password: PASSWORD });
    const { id } = (await visit.call('GET', '/api/me')).body;
    openId.account = { sub: 'imposter', email };
    expect(refusalOf((await signIn()).end)).toBe('forbidden');
    openId.account = { sub: 'both', email, email_verified: true };
    expect(JSON.parse((await signIn()).end.text)).toMatchObject({ id, role: 'operator', hasPassword: true });
  });

  test('whoever claimed an address with a password loses the account to the one who has that address', async () => {
    const email = 'claimed@example.com';
    const claimant = await join(hub, owner, 'viewer', email);
    const { id } = (await claimant.call('GET', '/api/me')).body;
    const link = (await owner.call('POST', `/api/people/${id}/password-link`)).body.url;
    openId.account = { sub: 'claimed', email, email_verified: true };
    const { end, visit } = await signIn();
    expect(JSON.parse(end.text)).toMatchObject({ id, hasPassword: false });
    expect((await claimant.call('GET', '/api/me')).status).toBe(401);
    expect((await claimant.call('POST', '/api/sign-in', { email, password: PASSWORD })).status).toBe(401);
    expect((await claimant.call('GET', `/api/invitations/${link.split('/').at(-1)}`)).status).toBe(404);
    expect((await visit.call('GET', '/api/me')).status).toBe(200);
    const { items } = (await owner.call('GET', '/api/audit?action=person.password_removed')).body;
    expect(items).toEqual([expect.objectContaining({ detail: { personId: id, how: 'oidc' } })]);
  });

  test('an account that claimed an address is not handed on with a role that newcomers do not get', async () => {
    const email = 'chief@example.com';
    const claimant = await join(hub, owner, 'operator', email);
    openId.account = { sub: 'chief', email, email_verified: true };
    expect(refusalOf((await signIn()).end)).toBe('forbidden');
    expect((await claimant.call('GET', '/api/me')).body.role).toBe('operator');
    const stay = await join(hub, owner, 'viewer', 'outside@elsewhere.example');
    openId.account = { sub: 'outside', email: 'outside@elsewhere.example', email_verified: true };
    expect(refusalOf((await signIn()).end)).toBe('forbidden');
    expect((await stay.call('GET', '/api/me')).status).toBe(200);
  });

  test('an address that an invitation names is not to be had with another invitation', async () => {
    const email = 'named@example.com';
    await owner.call('POST', '/api/people/invitations', { role: 'operator', email });
    const { url } = (await owner.call('POST', '/api/people/invitations', { role: 'viewer' })).body;
    const path = `/api/invitations/${url.split('/').at(-1)}`;
    const answer = await new Visit(hub).call('POST', path, { name: 'x', email, password: PASSWORD });
    expect(answer).toMatchObject({ status: 409, body: { code: 'conflict', field: 'email' } });
    expect((await new Visit(hub).call('GET', path)).status).toBe(200);
  });

  test('a person who is disabled stays outside', async () => {
    openId.account = ada;
    const { id } = JSON.parse((await signIn()).end.text);
    await owner.call('PATCH', `/api/people/${id}`, { enabled: false });
    expect(refusalOf((await signIn()).end)).toBe('forbidden');
    await owner.call('PATCH', `/api/people/${id}`, { enabled: true });
  });

  test('a first password is chosen shortly after signing in, never in a session that somebody may have left open', async () => {
    openId.account = { sub: 'late', email: 'late@example.com', email_verified: true, name: 'Late' };
    const { visit } = await signIn();
    const { id } = (await visit.call('GET', '/api/me')).body;
    const choose = (from: Visit) => from.call('PATCH', '/api/me', { password: 'a first good password' });
    await ageSessions(id, FRESH_SIGN_IN_MS + 60_000);
    const refused = await choose(visit);
    expect(refused).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: expect.stringContaining('sign in again') },
    });
    expect((await visit.call('PATCH', '/api/me', { name: 'Later' })).status).toBe(200);
    expect((await choose((await signIn()).visit)).status).toBe(200);
    const entered = await new Visit(hub).call('POST', '/api/sign-in', {
      email: 'late@example.com',
      password: 'a first good password',
    });
    expect(entered.status).toBe(200);
  });

  /** As if they had been begun so much earlier. */
  async function ageSessions(personId: string, byMs: number): Promise<void> {
    const begun = new Date(Date.now() - byMs);
    if (database === null) {
      const file = new DatabaseSync(`${hub.folder}/chatelaine.db`);
      file.prepare('update auth_sessions set created_at = ? where user_id = ?').run(begun.toISOString(), personId);
      file.close();
      return;
    }
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    await client.query('update auth_sessions set created_at = $1 where user_id = $2', [begun, personId]);
    await client.end();
  }

  test('who declines, who comes back twice, and who comes with the answer of another browser, is told so', async () => {
    openId.account = null;
    expect(refusalOf((await signIn()).end)).toBe('authorization_denied');
    openId.account = ada;
    const { browser } = await signIn();
    const callback = browser.visited.find((url) => url.includes('/callback?')) ?? '';
    expect(refusalOf(await browser.follow(callback))).toBe('flow_expired');
    expect(refusalOf(await new Browser().follow(callback))).toBe('flow_expired');
    const other = new Browser();
    await other.get(`${hub.url}/sign-in/oidc/sso`);
    expect(refusalOf(await other.follow(callback))).toBe('authorization_response_invalid');
  });

  test('the browser is sent back to a path of this hub only', async () => {
    openId.account = ada;
    const { end } = await signIn('https://evil.example/');
    expect(refusalOf(end)).toBe('invalid_request');
    expect(refusalOf(await new Browser().follow(`${hub.url}/sign-in/oidc/other`))).toBe('not_found');
  });

  test('the client secret is nowhere in the log or in an answer', () => {
    expect(hub.logged.join('\n')).not.toContain(openId.clientSecret);
    expect(hub.seen.join('\n')).not.toContain(openId.clientSecret);
  });
});

test('an ID token that was not signed with a published key lets nobody in', async () => {
  const openId = await prepareOpenId();
  const hub = await startHub({
    background: false,
    env: {
      CHATELAINE_OIDC_ISSUER: openId.issuer,
      CHATELAINE_OIDC_CLIENT_ID: openId.clientId,
      CHATELAINE_OIDC_CLIENT_SECRET: openId.clientSecret,
    },
  });
  try {
    openId.forgeKeys = true;
    openId.account = ada;
    await openId.start(`${hub.url}/sign-in/oidc/sso/callback`);
    const browser = new Browser();
    const end = await browser.follow(`${hub.url}/sign-in/oidc/sso`);
    expect(refusalOf(end)).toBe('token_request_failed');
    expect([...browser.cookies('127.0.0.1').keys()]).not.toContain('chatelaine_session');
  } finally {
    await hub.close();
    await openId.close();
  }
});
