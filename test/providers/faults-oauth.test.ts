// Faults of discovery, registration, authorization and token endpoints: what a client sees of each.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunningProvider } from '../../providers/index.ts';
import { startProvider } from '../../providers/index.ts';
import {
  authorizationUrl,
  browse,
  exchange,
  json,
  post,
  refresh,
  register,
  serverMetadata,
  signIn,
  toolNames,
} from './by-hand.ts';

let provider: RunningProvider;
beforeEach(async () => {
  provider = await startProvider('linear');
});
afterEach(() => provider.close());

const wellKnown = (name: string) => fetch(`${provider.origin}/.well-known/${name}`);
const resourceMetadata = async () => json(await wellKnown('oauth-protected-resource/mcp'));
const challenge = async () => (await post(provider, 'tools/list')).headers.get('www-authenticate');

async function landing(extra: Record<string, string> = {}): Promise<URLSearchParams> {
  const { left } = await browse(provider, authorizationUrl(provider, await register(provider), extra).url);
  return left?.searchParams ?? new URLSearchParams();
}

describe('discovery', () => {
  test('cdn403: the path form is 403 and unnamed, the root form works and names the origin, which gets tokens', async () => {
    provider.faults.cdn403 = true;
    expect(await challenge()).toBe('Bearer');
    expect((await wellKnown('oauth-protected-resource/mcp')).status).toBe(403);
    expect(await json(await wellKnown('oauth-protected-resource'))).toMatchObject({ resource: provider.origin });
    const client = await register(provider);
    const { url, verifier } = authorizationUrl(provider, client, { resource: provider.origin });
    const { left } = await browse(provider, url);
    const response = await fetch(`${provider.origin}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: client.client_id,
        code: left?.searchParams.get('code') ?? '',
        code_verifier: verifier,
        redirect_uri: 'http://127.0.0.1:4999/oauth/callback',
        resource: provider.origin,
      }),
    });
    const token = String((await json(response)).access_token);
    expect(await toolNames(await post(provider, 'tools/list', {}, { token }))).toHaveLength(45);
  });

  test('noResourceMetadata and noServerMetadata: a 2025-03-26 server, with and without metadata', async () => {
    provider.faults.noResourceMetadata = true;
    expect(await challenge()).toBe('Bearer');
    expect((await wellKnown('oauth-protected-resource/mcp')).status).toBe(404);
    expect((await wellKnown('oauth-protected-resource')).status).toBe(404);
    expect((await wellKnown('oauth-authorization-server')).status).toBe(200);
    provider.faults.noServerMetadata = true;
    expect((await wellKnown('oauth-authorization-server')).status).toBe(404);
    expect((await wellKnown('openid-configuration')).status).toBe(404);
    // /authorize, /token and /register at the origin, and no `resource` needed.
    expect((await signIn(provider)).tokens.access_token).toBeTypeOf('string');
  });

  test('wrongResource, mismatchedIssuer, noCodeChallengeMethods, noRegistration change the documents', async () => {
    Object.assign(provider.faults, { wrongResource: true, mismatchedIssuer: true });
    Object.assign(provider.faults, { noCodeChallengeMethods: true, noRegistration: true });
    expect((await resourceMetadata()).resource).toBe('https://stranger.example/mcp');
    const metadata = await serverMetadata(provider);
    expect(metadata.issuer).toBe('https://stranger.example');
    expect(metadata).not.toHaveProperty('code_challenge_methods_supported');
    expect(metadata).not.toHaveProperty('registration_endpoint');
    await expect(register(provider)).rejects.toThrow('404');
  });

  test('both documents can be overridden member by member, null removes one', async () => {
    provider.faults.serverMetadata = { authorization_endpoint: 'javascript:alert(1)', revocation_endpoint: null };
    provider.faults.resourceMetadata = { authorization_servers: ['http://169.254.169.254/latest'] };
    const metadata = await serverMetadata(provider);
    expect(metadata.authorization_endpoint).toBe('javascript:alert(1)');
    expect(metadata).not.toHaveProperty('revocation_endpoint');
    expect((await resourceMetadata()).authorization_servers).toEqual(['http://169.254.169.254/latest']);
  });

  test('challenge: scope, another pointer, no pointer, anything at all', async () => {
    provider.faults.challenge = { scope: 'read', resourceMetadata: false };
    expect(await challenge()).toBe('Bearer scope="read"');
    provider.faults.challenge = { resourceMetadata: 'http://10.0.0.1/x.json' };
    expect(await challenge()).toBe('Bearer resource_metadata="http://10.0.0.1/x.json"');
    provider.faults.challenge = { raw: 'Basic realm="x", DPoP algs="ES256"' };
    expect(await challenge()).toBe('Basic realm="x", DPoP algs="ES256"');
    provider.faults.challenge = { raw: '' };
    expect(await challenge()).toBeNull();
  });
});

describe('authorization', () => {
  test('wrongIss and missingIss change the response alone, not the promise', async () => {
    provider.faults.wrongIss = true;
    expect((await landing()).get('iss')).toBe('https://stranger.example');
    provider.faults.wrongIss = 'https://other.example';
    expect((await landing()).get('iss')).toBe('https://other.example');
    provider.faults.missingIss = true;
    expect((await landing()).has('iss')).toBe(false);
    expect((await landing()).get('code')).toBeTypeOf('string');
    expect((await serverMetadata(provider)).authorization_response_iss_parameter_supported).toBe(true);
  });

  test('strictScopes refuses what is not listed, refusesResource refuses resource', async () => {
    provider.faults.strictScopes = true;
    expect((await landing({ scope: 'read offline_access' })).get('error')).toBe('invalid_scope');
    expect((await landing({ scope: 'read' })).get('code')).toBeTypeOf('string');
    provider.faults.refusesResource = true;
    const refused = await landing();
    expect([refused.get('error'), refused.get('state')]).toEqual(['invalid_target', 'the-state']);
  });

  test('refusesResource refuses it at the token endpoint too', async () => {
    const client = await register(provider);
    const { url, verifier } = authorizationUrl(provider, client);
    const { left } = await browse(provider, url);
    provider.faults.refusesResource = true;
    const response = await exchange(provider, client, left?.searchParams.get('code') ?? '', verifier);
    expect((await json(response)).error).toBe('invalid_target');
  });
});

describe('tokens', () => {
  test('keepsRefreshToken: the old one stays good and is not sent again', async () => {
    provider.faults.keepsRefreshToken = true;
    const { client, tokens } = await signIn(provider);
    expect(tokens.refresh_token).toBeTypeOf('string');
    for (let round = 0; round < 2; round += 1) {
      const answer = await json(await refresh(provider, client, tokens.refresh_token));
      expect(answer.access_token).toBeTypeOf('string');
      expect(answer).not.toHaveProperty('refresh_token');
    }
  });

  test('noRefreshToken, noExpiresIn, accessTokenSeconds shape the token answer', async () => {
    provider.faults.accessTokenSeconds = 7;
    expect((await signIn(provider)).tokens.expires_in).toBe(7);
    Object.assign(provider.faults, { noRefreshToken: true, noExpiresIn: true });
    const { tokens } = await signIn(provider);
    expect(tokens).not.toHaveProperty('refresh_token');
    expect(tokens).not.toHaveProperty('expires_in');
  });

  test('forgetsClient: invalid_client at every token request', async () => {
    provider.faults.forgetsClient = true;
    const client = await register(provider);
    const response = await exchange(provider, client, 'code', 'verifier');
    expect([response.status, (await json(response)).error]).toEqual([401, 'invalid_client']);
  });

  test('dropAfter: the refresh token is rotated but the answer is lost', async () => {
    const { client, tokens } = await signIn(provider);
    provider.faults.dropAfter = { token: 1 };
    await expect(refresh(provider, client, tokens.refresh_token)).rejects.toThrow('fetch failed');
    expect(provider.requests.at(-1)).toMatchObject({ path: '/token', status: 0 });
    expect((await json(await refresh(provider, client, tokens.refresh_token))).error).toBe('invalid_grant');
  });

  test('dropBefore: the connection breaks before anything happened', async () => {
    const { client, tokens } = await signIn(provider);
    provider.faults.dropBefore = { token: 1 };
    await expect(refresh(provider, client, tokens.refresh_token)).rejects.toThrow('fetch failed');
    expect((await refresh(provider, client, tokens.refresh_token)).status).toBe(200);
  });

  test('revocationFails: 503, and the token lives on', async () => {
    provider.faults.revocationFails = true;
    const { client, tokens } = await signIn(provider);
    const body = new URLSearchParams({ client_id: client.client_id, token: tokens.refresh_token });
    expect((await fetch(`${provider.origin}/revoke`, { method: 'POST', body })).status).toBe(503);
    expect((await refresh(provider, client, tokens.refresh_token)).status).toBe(200);
  });
});
