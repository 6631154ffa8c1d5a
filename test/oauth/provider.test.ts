// The whole client against authorization servers that share no code with it, over real HTTP.

import { afterEach, describe, expect, test } from 'vitest';
import { type ProviderName, type ProviderOptions, type RunningProvider, startProvider } from '../../providers/index.ts';
import { authorizationUrl } from '../../src/oauth/authorization-request.ts';
import { validateAuthorizationResponse } from '../../src/oauth/authorization-response.ts';
import { fetchAuthorizationServer } from '../../src/oauth/authorization-server-metadata.ts';
import { bearerChallenge } from '../../src/oauth/challenge.ts';
import { requestClientCredentials } from '../../src/oauth/client-credentials.ts';
import { discover } from '../../src/oauth/discovery.ts';
import { deleteRegistration, registerClient } from '../../src/oauth/dynamic-registration.ts';
import { createPkce } from '../../src/oauth/pkce.ts';
import { refreshTokens } from '../../src/oauth/refresh.ts';
import { resourceFor } from '../../src/oauth/resource-indicator.ts';
import { revokeTokens } from '../../src/oauth/revocation.ts';
import { exchangeCode } from '../../src/oauth/token-endpoint.ts';
import type { Discovery, OAuthClient, TokenSet } from '../../src/oauth/types.ts';
import type { FetchLike } from '../../src/outbound.ts';
import { Secret } from '../../src/secret.ts';
import { browse, register } from '../providers/by-hand.ts';
import { failure } from './scripted.ts';

const redirectUri = 'http://127.0.0.1:4999/oauth/callback';
const exchange = {
  fetch: ((url, init) => fetch(url, { ...init, redirect: 'manual' })) satisfies FetchLike as FetchLike,
};
const running: RunningProvider[] = [];

afterEach(async () => {
  for (const provider of running.splice(0)) await provider.close();
});

async function start(name: ProviderName, options: ProviderOptions = {}): Promise<RunningProvider> {
  const provider = await startProvider(name, options);
  running.push(provider);
  return provider;
}

async function find(provider: RunningProvider): Promise<Discovery> {
  const refused = await fetch(provider.mcpUrl, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  await refused.body?.cancel();
  return discover(exchange, {
    serverUrl: provider.mcpUrl,
    challenge: bearerChallenge(refused.headers),
    pinnedIssuer: null,
    allowLegacy: true,
    allowDefaultEndpoints: false,
    allowMissingPkce: false,
    allowHttp: (url) => url.hostname === '127.0.0.1',
  });
}

type SignedIn = { found: Discovery; client: OAuthClient; resource: string | null; tokens: TokenSet };

/** From the URL alone to tokens, through a browser that follows redirects. */
async function signIn(provider: RunningProvider): Promise<SignedIn> {
  const found = await find(provider);
  const { server } = found;
  const { client } = await registerClient(exchange, { server, redirectUri, clientName: 'Chatelaine', now: Date.now() });
  const pkce = await createPkce();
  const resource = resourceFor({
    policy: 'auto',
    prmResource: found.resource,
    serverUrl: provider.mcpUrl,
    mode: found.mode,
  });
  const scope = found.scopesSupported?.join(' ') ?? null;
  const state = new Secret('st4te');
  const { left } = await browse(
    provider,
    authorizationUrl({ server, client, redirectUri, scope, state, challenge: pkce.challenge, resource }),
  );
  expect(left?.searchParams.get('state')).toBe('st4te');
  const parameters = left?.searchParams ?? new URLSearchParams();
  const { code } = validateAuthorizationResponse({ parameters, server, expectedIssuer: found.issuer });
  const tokens = await exchangeCode(exchange, {
    server,
    client,
    code,
    verifier: pkce.verifier,
    redirectUri,
    resource,
    requestedScope: scope,
  });
  return { found, client, resource, tokens };
}

const renew = ({ found, client, resource }: SignedIn, refreshToken: Secret | null) =>
  refreshTokens(exchange, { server: found.server, client, refreshToken: refreshToken ?? new Secret(''), resource });

async function statusWith(provider: RunningProvider, token: Secret): Promise<number> {
  const response = await fetch(provider.mcpUrl, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token.reveal()}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '0' } },
    }),
  });
  await response.body?.cancel();
  return response.status;
}

describe('a provider found by its URL alone', () => {
  test('is discovered, registered at, signed in to, used, refreshed and revoked', async () => {
    const provider = await start('linear');
    const signedIn = await signIn(provider);
    const { found, client, tokens } = signedIn;
    expect(found).toMatchObject({
      mode: 'protected_resource_metadata',
      issuer: provider.issuer,
      resource: provider.mcpUrl,
    });
    expect(await statusWith(provider, tokens.accessToken)).toBe(200);
    expect(tokens.expiresInSeconds).toBeGreaterThan(0);

    const renewed = await renew(signedIn, tokens.refreshToken);
    expect(await statusWith(provider, renewed.accessToken)).toBe(200);
    expect(renewed.refreshToken?.reveal()).not.toBe(tokens.refreshToken?.reveal());

    const { refreshToken, accessToken } = renewed;
    expect(await revokeTokens(exchange, { server: found.server, client, refreshToken, accessToken })).toMatchObject({
      revoked: true,
    });
    expect(await statusWith(provider, accessToken)).toBe(401);
    expect((await failure(() => renew(signedIn, refreshToken))).code).toBe('invalid_grant');
  });

  test.each<[string, ProviderOptions]>([
    ['an issuer with a path', { issuerPath: '/tenant1', metadataAt: ['oauth'] }],
    ['an issuer with a path and OpenID metadata inserted', { issuerPath: '/tenant1', metadataAt: ['openid-inserted'] }],
    ['an issuer with a path and OpenID metadata appended', { issuerPath: '/tenant1', metadataAt: ['openid'] }],
    ['a CDN that forbids the path form', { faults: { cdn403: true } }],
    ['no resource metadata, as in 2025-03-26', { faults: { noResourceMetadata: true } }],
  ])('works with %s', async (_, options) => {
    const provider = await start('sentry', options);
    expect(await statusWith(provider, (await signIn(provider)).tokens.accessToken)).toBe(200);
  });

  test('keeps the refresh token where the provider does not rotate', async () => {
    const provider = await start('granola', { faults: { keepsRefreshToken: true } });
    const signedIn = await signIn(provider);
    const renewed = await renew(signedIn, signedIn.tokens.refreshToken);
    expect(renewed.refreshToken?.reveal()).toBe(signedIn.tokens.refreshToken?.reveal());
  });

  test('that has no OAuth is told apart: bearer or API key', async () => {
    expect((await failure(async () => find(await start('render')))).code).toBe('oauth_not_supported');
  });
});

describe('a provider that goes wrong', () => {
  test.each<[string, NonNullable<ProviderOptions['faults']>, string]>([
    ['speaks of another resource', { wrongResource: true }, 'resource_mismatch'],
    ['has metadata of another issuer', { mismatchedIssuer: true }, 'issuer_mismatch'],
    ['does not promise PKCE', { noCodeChallengeMethods: true }, 'pkce_not_supported'],
    ['answers with another iss', { wrongIss: true }, 'issuer_mismatch'],
    ['leaves out the iss it promised', { missingIss: true }, 'issuer_mismatch'],
    [
      'refuses the resource parameter',
      { refusesResource: true, serverMetadata: { authorization_response_iss_parameter_supported: null } },
      'authorization_denied',
    ],
    [
      'would send the browser to a script',
      { serverMetadata: { authorization_endpoint: 'javascript:alert(1)' } },
      'metadata_invalid',
    ],
    ['has a page for a token answer', { html: { token: true } }, 'upstream_invalid_response'],
    ['forgot the client', { forgetsClient: true }, 'client_rejected'],
    ['is overloaded', { answer: { token: { status: 429 } } }, 'upstream_rate_limited'],
    ['is down while its metadata is read', { answer: { resourceMetadata: { status: 503 } } }, 'upstream_http_error'],
  ])('because it %s ends the sign-in with a code that says so', async (_, faults, code) => {
    const provider = await start('linear', { faults });
    expect((await failure(() => signIn(provider))).code).toBe(code);
  });

  test('without registration leaves a clear next step', async () => {
    const provider = await start('linear', { faults: { noRegistration: true } });
    const error = await failure(() => signIn(provider));
    expect(error.code).toBe('registration_failed');
    expect(error.details.field).toBe('oauth.clientId');
  });

  test('because the person said no is told as that', async () => {
    const provider = await start('linear');
    provider.signIn.deny = true;
    expect(await failure(() => signIn(provider))).toMatchObject({
      code: 'authorization_denied',
      details: { upstreamCode: 'access_denied' },
    });
  });

  test('because consent was withdrawn or the client forgotten is told apart at the next refresh', async () => {
    const provider = await start('linear');
    const [one, other] = [await signIn(provider), await signIn(provider)];
    await provider.revokeGrants();
    expect((await failure(() => renew(one, one.tokens.refreshToken))).code).toBe('invalid_grant');
    await provider.forgetClients();
    expect((await failure(() => renew(other, other.tokens.refreshToken))).code).toBe('client_rejected');
  });
});

test('a registration is deleted at the provider that gave the means', async () => {
  const provider = await start('linear');
  const { server } = await find(provider);
  const registered = await registerClient(exchange, { server, redirectUri, clientName: 'Chatelaine', now: Date.now() });
  const { registrationClientUri, registrationAccessToken } = registered;
  if (registrationClientUri === null || registrationAccessToken === null)
    throw new Error('the stand-in gives the means');
  const notes: string[] = [];
  await deleteRegistration(
    { ...exchange, note: (_, decision) => notes.push(decision) },
    { registrationClientUri, registrationAccessToken },
  );
  expect(notes).toEqual(['registration deleted at the provider']);
});

test('a machine gets its token with a secret, without a person', async () => {
  const provider = await start('linear', { clientCredentials: true });
  const registered = await register(provider, {
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'client_secret_basic',
  });
  const requirements = { allowMissingPkce: false, grant: 'client_credentials' } as const;
  const { server } = await fetchAuthorizationServer(exchange, provider.issuer ?? '', requirements);
  const client: OAuthClient = {
    clientId: registered.client_id,
    authMethod: 'client_secret_basic',
    clientSecret: new Secret(registered.client_secret ?? ''),
  };
  const tokens = await requestClientCredentials(exchange, { server, client, scope: 'read', resource: provider.mcpUrl });
  expect(tokens).toMatchObject({ refreshToken: null, scope: 'read' });
  expect(await statusWith(provider, tokens.accessToken)).toBe(200);
});
