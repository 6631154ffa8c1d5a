// The built page: which addresses it answers, how it is cached, what it may do. And where a connection lands with it.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readWebPage } from '../../src/server/web-page-files.ts';
import { Browser } from '../support/browser.ts';
import { type Embedded, ME, startEmbedded } from '../support/embedded.ts';
import { PASSWORD, Visit } from '../support/people.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';

let folder: string;
let hub: Embedded;
let bare: Embedded;
let linear: RunningProvider;

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'chatelaine-page-'));
  await mkdir(joinPath(folder, 'assets'));
  await writeFile(joinPath(folder, 'index.html'), '<!doctype html><title>The page</title>');
  await writeFile(joinPath(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(joinPath(folder, 'assets', 'index-3fa9.js'), `console.log(${'1+'.repeat(500)}1)`);
  linear = await startProvider('linear');
  hub = await startEmbedded({ webPage: await readWebPage(folder) });
  bare = await startEmbedded();
});
afterAll(async () => {
  await Promise.all([hub?.close(), bare?.close(), linear?.close()]);
  await rm(folder, { recursive: true, force: true });
});

describe('the page', () => {
  test.each([
    '/',
    '/connectors',
    '/connectors/con_1',
    '/connectors/con_1/tools',
    '/agents',
    '/agents/agt_1',
    '/activity',
    '/health',
    '/settings/people',
    '/sign-in',
    '/sign-in?error=forbidden',
    '/setup',
    '/invitation/abc',
  ])('answers %s, never cached, and may run nothing but its own files', async (path) => {
    const answer = await fetch(`${hub.url}${path}`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('The page');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  });

  test('has files that may be kept for ever, and compressed for who takes it', async () => {
    const script = await fetch(`${hub.url}/assets/index-3fa9.js`, { headers: { 'accept-encoding': 'br' } });
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('content-encoding')).toBe('br');
    expect(await script.text()).toMatch(/^console\.log/);
    const plain = await fetch(`${hub.url}/assets/index-3fa9.js`, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBe(null);
    expect((await fetch(`${hub.url}/favicon.svg`)).headers.get('cache-control')).toBe('public, max-age=3600');
  });

  test.each(['/assets/nothing.js', '/assets/../index.html', '/nothing', '/api/nothing', '/..%2findex.html'])(
    'does not answer %s',
    async (path) => {
      const answer = await fetch(`${hub.url}${path}`);
      expect([404, 200]).toContain(answer.status);
      if (answer.status === 200) expect(await answer.text()).not.toContain('The page');
    },
  );

  test('is not there in a library: the root leads to the documents of the API', async () => {
    const answer = await fetch(`${bare.url}/`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/api/docs']);
  });
});

describe('a connection that comes back', () => {
  const connect = async (deny: boolean) => {
    linear.signIn.deny = deny;
    const made = await hub.hub.connectors.create(
      { name: `Linear ${deny}`, url: linear.mcpUrl, authType: 'oauth', credentialMode: 'shared' },
      ME,
    );
    const link = await hub.hub.connectors.connect(made.id, { agentId: null, returnTo: null }, ME);
    const browser = new Browser();
    return { made, browser, end: await browser.follow(link.connectUrl) };
  };

  test('tells whoever is not signed in how it went, without the page', async () => {
    const { end } = await connect(true);
    expect(end.url.searchParams.get('error')).toBe('authorization_denied');
    expect(end.text).toContain('The sign-in was declined at the provider.');
    expect(end.text).not.toContain('The page');
  });

  test('lands on the page for whoever is signed in, which asks how it went', async () => {
    const { made, browser, end } = await connect(false);
    expect(end.url.pathname).toBe(`/connectors/${made.id}`);
    linear.signIn.deny = true;
    const link = await hub.hub.connectors.connect(made.id, { agentId: null, returnTo: null }, ME);
    const denied = await browser.follow(link.connectUrl);

    const visit = new Visit(hub);
    const code = (await hub.people.setup.newCode())?.reveal();
    await visit.call('POST', '/api/setup', { code, name: 'O', email: 'o@example.com', password: PASSWORD });
    for (const [name, value] of browser.cookies(denied.url.hostname)) visit.jar.set(name, value);
    const landing = await visit.call('GET', `${denied.url.pathname}${denied.url.search}`);
    expect(landing.text).toContain('The page');
    const path = `/api/flows/${denied.url.searchParams.get('flow')}`;
    expect((await visit.call('GET', path)).body).toMatchObject({
      code: 'authorization_denied',
      title: 'Authorization was denied',
      message: 'The sign-in was declined at the provider.',
      providerCode: 'access_denied',
    });
    expect((await new Visit(hub).call('GET', path)).status).toBe(404);
  });
});
