// What a browser is told beside every answer, and what other sites' pages cannot make it do here: no frame, no script
// or style that is not the page's own, nothing kept, no change from elsewhere, no way out to another site.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { setUp, type Visit } from '../support/people.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';

let hub: TestHub;
let owner: Visit;
let sentry: RunningProvider;
let document: { paths: Record<string, Record<string, unknown>> };

beforeAll(async () => {
  [hub, sentry] = await Promise.all([startHub({ background: false }), startProvider('sentry')]);
  owner = await setUp(hub);
  document = await hub.ok('GET', '/api/openapi.json');
});
afterAll(async () => {
  await hub?.close();
  await sentry?.close();
});

const PAGES = [
  '/',
  '/connectors',
  '/connectors/con_1?error=access_denied',
  '/connectors/con_1?connected=x',
  '/agents/agt_1?error=%3Cscript%3E',
  '/sign-in',
  '/settings/people',
  '/nothing/here',
  '/connect/none',
  '/connect/%00',
  '/oauth/callback',
  '/oauth/callback?error=x&state=y',
  '/oauth/client.json',
  '/sign-in/link/none',
  '/sign-in/oidc/none',
  '/sign-in/oidc/none/callback',
  '/api/docs',
  '/api/openapi.json',
  '/api/me',
  '/api/agents',
  '/api/agents/%00',
  '/api/nothing',
  '/api/setup',
  '/healthz',
  '/readyz',
  '/metrics',
  '/favicon.svg',
  '/assets/none.js',
  '/.well-known/oauth-protected-resource/mcp',
];

/** Without a session these hold nothing of anybody's. */
const MAY_BE_KEPT = new Set(['/oauth/client.json', '/favicon.svg', '/.well-known/oauth-protected-resource/mcp']);

function expectGuarded(path: string, { headers }: { headers: Headers }): void {
  const policy = headers.get('content-security-policy') ?? '';
  const said = `${path}: ${policy}`;
  expect(said).toMatch(/default-src 'none'/);
  expect(said).toMatch(/frame-ancestors 'none'/);
  expect(said).toMatch(/base-uri 'none'/);
  expect(said).not.toMatch(/unsafe|\*|https?:|script-src (?!'self')/);
  expect([path, headers.get('x-frame-options')]).toEqual([path, 'DENY']);
  expect([path, headers.get('x-content-type-options')]).toEqual([path, 'nosniff']);
  expect([path, headers.get('referrer-policy')]).toEqual([path, 'no-referrer']);
  if (!MAY_BE_KEPT.has(path)) expect([path, headers.get('cache-control')]).toEqual([path, 'no-store']);
  for (const name of headers.keys()) expect(name).not.toMatch(/^access-control-/);
}

describe('beside every answer', () => {
  test.each(PAGES)('to GET %s stands what guards it, signed in or not', async (path) => {
    expectGuarded(path, await fetch(`${hub.url}${path}`, { redirect: 'manual' }));
    const headers = { cookie: owner.cookie };
    expectGuarded(path, await fetch(`${hub.url}${path}`, { redirect: 'manual', headers }));
  });

  test.each([
    ['another host', { host: 'evil.example' }, 421],
    ['a foreign page', { origin: 'https://evil.example' }, 403],
    ['a wrong token', { authorization: 'Bearer chlt_wrong' }, 401],
  ])('to a refusal of %s stands the same', async (_what, given, status) => {
    const answer = await new Promise<{ status: number; headers: Headers }>((resolve, reject) => {
      // Node's fetch does not let a caller choose the host.
      void import('node:http').then(({ get }) => {
        get(`${hub.url}/api/agents`, { headers: given }, (response) => {
          response.resume();
          const pairs = Object.entries(response.headers).map(
            ([name, value]) => [name, String(value)] as [string, string],
          );
          resolve({ status: response.statusCode ?? 0, headers: new Headers(pairs) });
        }).on('error', reject);
      });
    });
    expect(answer.status).toBe(status);
    expectGuarded('/api/agents', answer);
  });

  test.each([
    ['a body that is too large', { 'content-type': 'application/json' }, `"${'x'.repeat(1_100_000)}"`, 413],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'name=x', 415],
    ['no JSON', { 'content-type': 'application/json' }, '{', 400],
  ])('to %s stands the same', async (_what, headers, body, status) => {
    const answer = await fetch(`${hub.url}/api/agents`, {
      method: 'POST',
      headers: { cookie: owner.cookie, origin: hub.url, ...headers },
      body,
    });
    expect(answer.status).toBe(status);
    expectGuarded('/api/agents', answer);
  });

  test('the styles of plain pages are named by what they are', async () => {
    for (const path of ['/connect/none', '/api/docs']) {
      const answer = await fetch(`${hub.url}${path}`);
      const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(await answer.text()) ?? [];
      const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style)));
      const hash = Buffer.from(bytes).toString('base64');
      expect(answer.headers.get('content-security-policy')).toContain(`style-src 'sha256-${hash}'`);
    }
  });

  test('the gateway says of its answers what they are, and that nobody keeps them', async () => {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await fetch(`${hub.url}/mcp`, { method });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-type')).toMatch(/json/);
      for (const name of headers.keys()) expect(name).not.toMatch(/^access-control-/);
    }
  });
});

describe('from a page of another site', () => {
  const changing = (): [method: string, path: string][] =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'get')
        .map((method): [string, string] => [method.toUpperCase(), path.replace(/\{\w+\}/g, 'no_such')]),
    );
  const ask = async (method: string, path: string, headers: Record<string, string>) => {
    const answer = await fetch(`${hub.url}${path}`, {
      method,
      headers: { cookie: owner.cookie, 'content-type': 'application/json', ...headers },
      body: '{}',
    });
    return `${method} ${path} ${answer.status} ${((await answer.json()) as { code?: string }).code}`;
  };

  test.each([
    ['its Origin', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['an opaque origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['a neighbour of the same site', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
    ['another scheme', { origin: 'https://127.0.0.1', 'sec-fetch-site': 'cross-site' }],
  ])('nothing is changed: %s', async (_what, headers) => {
    expect(changing().length).toBeGreaterThan(30);
    for (const [method, path] of changing())
      expect(await ask(method, path, headers)).toBe(`${method} ${path} 403 forbidden`);
    expect((await owner.call('GET', '/api/me')).status).toBe(200);
  });

  test('a session alone changes nothing where the browser does not say where it comes from', async () => {
    for (const [method, path] of changing())
      expect(await ask(method, path, {})).toBe(`${method} ${path} 403 forbidden`);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; a=application/json',
  ])('what a form can send is not read: %s', async (type) => {
    for (const [method, path] of changing()) {
      const headers = { 'content-type': type, origin: hub.url };
      expect(await ask(method, path, headers)).toBe(`${method} ${path} 415 unsupported_media_type`);
    }
  });

  test('no preflight is answered with a permission', async () => {
    for (const [method, path] of changing()) {
      const headers = { origin: 'https://evil.example', 'access-control-request-method': method };
      const answer = await fetch(`${hub.url}${path}`, { method: 'OPTIONS', headers });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('cookies', () => {
  const attributes = (line: string): string[] =>
    line
      .split('; ')
      .slice(1)
      .map((one) => one.toLowerCase());

  test('are for this server, not for scripts, and not for requests of other sites', async () => {
    const connector = await hub.ok('POST', '/api/connectors', {
      name: 'Cookie',
      url: sentry.mcpUrl,
      authType: 'oauth',
      credentialMode: 'shared',
    });
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${connector.id}/connect`, {});
    const opened = await fetch(connectUrl, { redirect: 'manual' });
    const signedIn = await owner.call('POST', '/api/sign-in', {
      email: 'owner@example.com',
      password: 'correct horse battery',
    });
    for (const { headers } of [opened, signedIn]) {
      const lines = headers.getSetCookie();
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        expect(attributes(line)).toEqual(expect.arrayContaining(['path=/', 'httponly', 'samesite=lax']));
        expect(attributes(line).some((one) => one.startsWith('domain='))).toBe(false);
      }
    }
  });
});

describe('the way back', () => {
  const ELSEWHERE = [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/\t/evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    ' /connectors',
  ];

  test.each(ELSEWHERE)('of a connection never leads to %j', async (returnTo) => {
    const [connector] = (await hub.ok('GET', '/api/connectors')).items;
    const answer = await hub.api('POST', `/api/connectors/${connector.id}/connect`, { returnTo });
    expect([answer.status, answer.body.field]).toEqual([400, 'returnTo']);
  });

  test('of a connection names no code and no state, whatever came with them', async () => {
    const [connector] = (await hub.ok('GET', '/api/connectors')).items;
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${connector.id}/connect`, {
      returnTo: '/agents/a?b=c#d',
    });
    const end = await new Browser().follow(connectUrl);
    expect(`${end.url.pathname}${end.url.search}`).toBe(`/agents/a?b=c&connected=${connector.key}`);
  });

  test("a provider's words are words on the page, whatever they are", async () => {
    const [connector] = (await hub.ok('GET', '/api/connectors')).items;
    const markup = '"><script>alert(1)</script><img src=x onerror=alert(2)>';
    const body = JSON.stringify({ error: markup, error_description: markup });
    const headers = { 'content-type': 'application/json' };
    sentry.faults.answer = { token: { status: 400, headers, body } };
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${connector.id}/connect`, {});
    const end = await new Browser().follow(connectUrl);
    delete sentry.faults.answer;
    expect(end.text).toContain('&lt;script&gt;');
    expect(end.text).not.toMatch(/<script|<img/);
    const wrong = await fetch(`${hub.url}/oauth/callback?error=${encodeURIComponent(markup)}&state=x`);
    expect(await wrong.text()).not.toMatch(/<script|<img/);
  });
});

describe('single sign-on', () => {
  let single: TestHub;
  let origin = '';
  /** What the identity provider says of itself at the moment. */
  let said: Record<string, unknown> = {};
  beforeAll(async () => {
    const provider = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          jwks_uri: `${origin}/keys`,
          ...said,
        }),
      );
    });
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    const env = { CHATELAINE_OIDC_ISSUER: origin, CHATELAINE_OIDC_CLIENT_ID: 'chatelaine' };
    single = await startHub({ background: false, env });
    return async () => {
      await single.close();
      provider.close();
    };
  });
  const begin = () => fetch(`${single.url}/sign-in/oidc/sso`, { redirect: 'manual' });
  const outcome = async (answer: Response): Promise<string> => answer.headers.get('location') ?? answer.text();

  test.each<[string, unknown]>([
    ['authorization_endpoint', 'javascript:alert(1)'],
    ['authorization_endpoint', 'data:text/html,x'],
    ['authorization_endpoint', '/authorize'],
    ['authorization_endpoint', 'nonsense'],
    ['authorization_endpoint', 'https://u:p@a.example/'],
    ['authorization_endpoint', {}],
    ['token_endpoint', 'nonsense'],
    ['token_endpoint', 'file:///etc/passwd'],
    ['jwks_uri', '/keys'],
    ['userinfo_endpoint', 'javascript:x'],
  ])('begins nothing with a provider whose %s is %j', async (name, value) => {
    said = { [name]: value };
    const answer = await begin();
    said = {};
    expect(await outcome(answer)).toContain('metadata_invalid');
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test.each(['/\t/evil.example', '//evil.example', '/\n/evil.example', '/.//evil.example', `/${'a'.repeat(3_000)}`])(
    'does not believe a way back to %j that a cookie holds',
    async (returnTo) => {
      const kept = encodeURIComponent(JSON.stringify({ state: 's', nonce: 'n', verifier: 'v', returnTo }));
      const url = `${single.url}/sign-in/oidc/sso/callback?code=c&state=s`;
      const answer = await fetch(url, { redirect: 'manual', headers: { cookie: `chatelaine_sso=${kept}` } });
      expect(await outcome(answer)).toContain('flow_expired');
    },
  );

  test('keeps what belongs to a sign-in in a cookie of ten minutes that no script reads', async () => {
    const answer = await begin();
    const [line = ''] = answer.headers.getSetCookie();
    for (const attribute of [/; Max-Age=600/i, /; HttpOnly/i, /; SameSite=Lax/i, /; Path=\//i])
      expect(line).toMatch(attribute);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});
