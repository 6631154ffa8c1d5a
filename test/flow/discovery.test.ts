// Servers whose metadata is odd, old or hostile: S4, F8, and the refusals.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import { type ProviderOptions, type RunningProvider, startProvider } from '../support/providers.ts';

let hub: TestHub;
let provider: RunningProvider | undefined;

beforeAll(async () => {
  hub = await startHub();
});
afterAll(async () => {
  await hub?.close();
});
afterEach(async () => {
  await provider?.close();
  provider = undefined;
});

let count = 0;
async function connector(options: ProviderOptions, more: object = {}): Promise<any> {
  provider = await startProvider('granola', options);
  return hub.ok('POST', '/api/connectors', {
    name: `Odd ${++count}`,
    url: provider.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
    ...more,
  });
}
const connects = async (made: any): Promise<any> => {
  const end = await hub.connect(made.id);
  expect(end.url.searchParams.get('error')).toBeNull();
  return hub.ok('GET', `/api/connectors/${made.id}`);
};
const refuses = async (made: any, code: string): Promise<any> => {
  const answer = await hub.api('POST', `/api/connectors/${made.id}/connect`, {});
  expect(answer.body).toMatchObject({ code });
  expect(provider?.count(/register/, 'POST')).toBe(0);
  return answer.body;
};

describe('servers that are merely odd are connected', () => {
  test.each([
    ['a CDN that answers 403 on the path-form metadata', { faults: { cdn403: true } }],
    ['a challenge without resource_metadata', { faults: { challenge: { resourceMetadata: false } } }],
    ['an issuer with a path, RFC 8414 form', { issuerPath: '/tenant1', metadataAt: ['oauth'] }],
    ['an issuer with a path, OIDC inserted', { issuerPath: '/tenant1', metadataAt: ['openid-inserted'] }],
    ['an issuer with a path, OIDC appended', { issuerPath: '/tenant1', metadataAt: ['openid'] }],
    ['OIDC discovery only', { metadataAt: ['openid'] }],
    ['no protected resource metadata (2025-03-26), metadata at the origin', { faults: { noResourceMetadata: true } }],
    [
      'no metadata at all (2025-03-26 default endpoints)',
      { faults: { noResourceMetadata: true, noServerMetadata: true } },
    ],
    [
      'several challenges in one answer',
      { faults: { challenge: { raw: 'Basic realm="x", Bearer error="invalid_token", DPoP algs="ES256"' } } },
    ],
    ['awkward SSE', { faults: { awkwardSse: true } }],
    ['sessions required', { era: 'legacy', faults: { sessionRequired: true } }],
    ['2025-03-26 transport', { era: '2025-03-26' }],
    ['2024-11-05 HTTP+SSE transport', { era: '2024-11-05' }],
    ['2026-07-28 only', { era: 'modern' }],
  ] as [string, ProviderOptions][])('%s', async (_what, options) => {
    const done = await connects(await connector(options));
    expect(done).toMatchObject({ credential: { state: 'usable' }, tools: { count: 4, lastError: null } });
  });
});

describe('servers that are wrong are refused with what is wrong', () => {
  test.each([
    ['a foreign resource', { wrongResource: true }, 'resource_mismatch'],
    ['a foreign issuer', { mismatchedIssuer: true }, 'issuer_mismatch'],
    ['no promise of S256', { noCodeChallengeMethods: true }, 'pkce_not_supported'],
    ['only plain PKCE', { serverMetadata: { code_challenge_methods_supported: ['plain'] } }, 'pkce_not_supported'],
    ['no authorization_servers', { resourceMetadata: { authorization_servers: [] } }, 'metadata_invalid'],
    [
      'a script as authorization endpoint',
      { serverMetadata: { authorization_endpoint: 'javascript:alert(1)' } },
      'metadata_invalid',
    ],
    [
      'an authorization endpoint in data:',
      { serverMetadata: { authorization_endpoint: 'data:text/html,x' } },
      'metadata_invalid',
    ],
    ['metadata of 5 MB', { hugeBodyMb: { serverMetadata: 5 } }, 'upstream_too_large'],
    ['a decompression bomb', { gzipBombMb: { resourceMetadata: 200 } }, 'upstream_too_large'],
    ['metadata that fails with 500', { answer: { resourceMetadata: { status: 500 } } }, 'upstream_http_error'],
  ] as [string, object, string][])('%s', async (_what, faults, code) => {
    const made = await connector({ faults });
    const problem = await refuses(made, code);
    expect(problem.detail.length).toBeGreaterThan(20);
  });

  test.each([
    ['the token endpoint', { token_endpoint: 'http://169.254.169.254/latest/meta-data' }],
    ['the registration endpoint', { registration_endpoint: 'http://10.0.0.1/register' }],
    ['the issuer', null],
  ])('%s on a private address is never contacted', async (_what, serverMetadata) => {
    const made = await connector({
      faults:
        serverMetadata === null
          ? { resourceMetadata: { authorization_servers: ['http://192.168.1.1'] } }
          : { serverMetadata },
    });
    const answer = await hub.api('POST', `/api/connectors/${made.id}/connect`, {});
    if (answer.status === 200) {
      const end = await hub.consent(answer.body.connectUrl);
      expect(end.url.searchParams.get('error')).toBe('address_refused');
    } else expect(['address_refused', 'metadata_invalid']).toContain(answer.body.code);
    expect((await hub.ok('GET', `/api/connectors/${made.id}`)).credential.configured).toBe(false);
  });

  test('a pasted URL whose metadata is wrong is taken for OAuth all the same, so that nobody gives it a token', async () => {
    const made = await connector(
      { faults: { wrongResource: true } },
      { authType: undefined, credentialMode: undefined },
    );
    expect(made).toMatchObject({ authType: 'oauth', credentialMode: 'shared' });
    await refuses(made, 'resource_mismatch');
  });

  test('an operator may accept a server that omits the PKCE promise', async () => {
    const made = await connector({ faults: { noCodeChallengeMethods: true } }, { oauth: { allowMissingPkce: true } });
    expect((await connects(made)).credential.state).toBe('usable');
  });

  test('an operator may switch the 2025-03-26 fallback off', async () => {
    const made = await connector({ faults: { noResourceMetadata: true } }, { oauth: { allowLegacyDiscovery: false } });
    await refuses(made, 'oauth_not_supported');
  });
});

describe('offline_access', () => {
  test('is asked for where the server lists it, with prompt=consent', async () => {
    const made = await connector({ offlineAccess: true });
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
    const out = await hub.browser().follow(connectUrl, (next) => next.origin === provider?.origin);
    expect(out.url.searchParams.get('scope')?.split(' ')).toContain('offline_access');
    expect(out.url.searchParams.get('prompt')).toBe('consent');
  });

  test('is never asked for where it does not, nor any scope that was not chosen', async () => {
    const made = await connector({ faults: { strictScopes: true } });
    const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
    const out = await hub.browser().follow(connectUrl, (next) => next.origin === provider?.origin);
    expect(out.url.searchParams.get('scope') ?? '').not.toContain('offline_access');
    expect((await hub.connect(made.id)).url.searchParams.get('error')).toBeNull();
  });
});

describe('the transcript', () => {
  test('tells every step with URL, status, duration and decision, and no secret', async () => {
    const made = await connector({});
    await connects(made);
    const { items } = await hub.ok('GET', `/api/connectors/${made.id}/transcript?limit=200`);
    const operations = new Set(items.map((entry: any) => entry.operation));
    for (const operation of ['connect', 'authorize', 'callback', 'sync']) expect(operations).toContain(operation);
    const token = items.find((entry: any) => entry.url?.endsWith('/token'));
    expect(token).toMatchObject({ method: 'POST', status: 200, durationMs: expect.any(Number) });
    const text = JSON.stringify(items);
    for (const secret of provider?.secretsIssued ?? []) expect(text).not.toContain(secret);
    expect(items.map((entry: any) => entry.id)).toEqual(
      items
        .map((entry: any) => entry.id)
        .sort()
        .reverse(),
    );
  });
});
