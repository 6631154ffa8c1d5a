// Tokens of a stand-in, by hand: exchange, refresh, reuse, revocation, and what the provider's operator can do.
import { afterEach, describe, expect, test } from 'vitest';
import type { RunningProvider } from '../../providers/index.ts';
import { startProvider } from '../../providers/index.ts';
import {
  authorizationUrl,
  browse,
  exchange,
  json,
  post,
  postModern,
  REDIRECT_URI,
  refresh,
  register,
  result,
  serverMetadata,
  signIn,
  token,
  toolNames,
  visit,
  whoami,
} from './by-hand.ts';

let provider: RunningProvider;
afterEach(() => provider.close());

describe('tokens', () => {
  test('a token opens the tools, and every result says whose it is', async () => {
    provider = await startProvider('linear');
    const ada = await signIn(provider, { scope: 'read write' });
    provider.signIn.account = 'ben@example.test';
    const ben = await signIn(provider);
    const call = (bearer: string) =>
      post(provider, 'tools/call', { name: 'list_teams', arguments: {} }, { token: bearer });
    expect(await whoami(await call(ada.tokens.access_token))).toMatchObject({
      account: 'ada@example.test',
      clientId: ada.client.client_id,
      scopes: ['read', 'write'],
    });
    expect(await whoami(await call(ben.tokens.access_token))).toMatchObject({ account: 'ben@example.test' });
    expect(
      await toolNames(await postModern(provider, 'tools/list', {}, { token: ada.tokens.access_token })),
    ).toHaveLength(45);
  });

  test('the same browser can sign in as another account afterwards', async () => {
    provider = await startProvider('linear');
    const client = await register(provider);
    const first = await browse(provider, authorizationUrl(provider, client).url);
    expect(first.left?.searchParams.get('code')).toBeTypeOf('string');
    provider.signIn.account = 'ben@example.test';
    const { url, verifier } = authorizationUrl(provider, client);
    let next = url;
    while (next.startsWith(provider.origin)) {
      const response = await visit(first.jar, next);
      next = new URL(response.headers.get('location') ?? '', next).href;
    }
    const tokens = await json(await exchange(provider, client, new URL(next).searchParams.get('code') ?? '', verifier));
    const call = await post(provider, 'tools/call', { name: 'list_teams' }, { token: String(tokens.access_token) });
    expect(await whoami(call)).toMatchObject({ account: 'ben@example.test' });
  });

  test('refreshing rotates, and a second use of the old refresh token revokes the whole family', async () => {
    provider = await startProvider('sentry');
    const { client, tokens } = await signIn(provider);
    const second = await json(await refresh(provider, client, tokens.refresh_token));
    expect(second.refresh_token).not.toBe(tokens.refresh_token);
    for (const secret of [tokens.access_token, tokens.refresh_token, second.access_token, second.refresh_token]) {
      expect(provider.secretsIssued).toContain(secret);
    }

    const reuse = await refresh(provider, client, tokens.refresh_token);
    expect([reuse.status, (await json(reuse)).error]).toEqual([400, 'invalid_grant']);
    expect((await refresh(provider, client, String(second.refresh_token))).status).toBe(400);
    expect((await post(provider, 'tools/list', {}, { token: String(second.access_token) })).status).toBe(401);
  });

  test('two refreshes at once with one token: only one is served', async () => {
    provider = await startProvider('sentry');
    const { client, tokens } = await signIn(provider);
    const both = await Promise.all([1, 2].map(() => refresh(provider, client, tokens.refresh_token)));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  test('revocation ends access and refreshing', async () => {
    provider = await startProvider('granola');
    const { client, tokens } = await signIn(provider);
    const revoked = await fetch(`${provider.issuer}/revoke`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: client.client_id,
        token: tokens.refresh_token,
        token_type_hint: 'refresh_token',
      }),
    });
    expect(revoked.status).toBe(200);
    expect((await refresh(provider, client, tokens.refresh_token)).status).toBe(400);
    expect((await post(provider, 'tools/list', {}, { token: tokens.access_token })).status).toBe(401);
  });

  test('a confidential client authenticates with its secret', async () => {
    provider = await startProvider('linear');
    const { client, tokens } = await signIn(provider, {}, { token_endpoint_auth_method: 'client_secret_basic' });
    expect(tokens.access_token).toBeTypeOf('string');
    const wrong = await refresh(provider, { ...client, client_secret: 'wrong' }, tokens.refresh_token);
    expect([wrong.status, (await json(wrong)).error]).toEqual([401, 'invalid_client']);
  });

  test('a pre-registered client needs no registration', async () => {
    provider = await startProvider('linear', { faults: { noRegistration: true } });
    const { clientId, clientSecret = '' } = await provider.registerClient({ redirectUris: [REDIRECT_URI] });
    const client = { client_id: clientId, client_secret: clientSecret };
    const { url, verifier } = authorizationUrl(provider, client);
    const { left } = await browse(provider, url);
    expect((await exchange(provider, client, left?.searchParams.get('code') ?? '', verifier)).status).toBe(200);
    expect(provider.secretsIssued).toContain(clientSecret);
  });

  test('with offlineAccess only those who ask for offline_access get a refresh token', async () => {
    provider = await startProvider('linear', { offlineAccess: true });
    expect((await serverMetadata(provider)).scopes_supported).toContain('offline_access');
    expect((await signIn(provider, { scope: 'read' })).tokens.refresh_token).toBeUndefined();
    const asked = await signIn(provider, { scope: 'read offline_access', prompt: 'consent' });
    expect(asked.tokens.refresh_token).toBeTypeOf('string');
  });

  test('client credentials can be allowed', async () => {
    provider = await startProvider('linear', { clientCredentials: true });
    const client = await register(provider, {
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
    });
    const granted = await json(
      await token(provider, client, { grant_type: 'client_credentials', resource: provider.mcpUrl, scope: 'read' }),
    );
    const listed = await post(provider, 'tools/call', { name: 'list_teams' }, { token: String(granted.access_token) });
    expect(await whoami(listed)).toMatchObject({ account: client.client_id });
  });

  test('a client id metadata document stands in for registration', async () => {
    const clientId = 'https://hub.example/oauth/client.json';
    const hub = (await import('node:http')).createServer((_request, response) => {
      const document = {
        client_id: clientId,
        client_name: 'Hub',
        redirect_uris: ['https://hub.example/oauth/callback'],
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...document, token_endpoint_auth_method: 'none' }));
    });
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
    const { port } = hub.address() as { port: number };
    provider = await startProvider('linear', {
      clientIdMetadataOrigins: { 'https://hub.example': `http://127.0.0.1:${port}` },
    });
    expect((await serverMetadata(provider)).client_id_metadata_document_supported).toBe(true);
    const extra = { redirect_uri: 'https://hub.example/oauth/callback' };
    const { left } = await browse(provider, authorizationUrl(provider, { client_id: clientId }, extra).url);
    expect(left?.searchParams.get('code')).toBeTypeOf('string');
    await new Promise((resolve) => hub.close(resolve));
  });
});

describe('what an operator of the provider can do', () => {
  test('expired access tokens are refused while refreshing still works', async () => {
    provider = await startProvider('linear');
    const { client, tokens } = await signIn(provider);
    await provider.expireAccessTokens();
    const refused = await post(provider, 'tools/list', {}, { token: tokens.access_token });
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('invalid_token'),
    ]);
    const fresh = await json(await refresh(provider, client, tokens.refresh_token));
    expect(await result(await post(provider, 'tools/list', {}, { token: String(fresh.access_token) }))).toHaveProperty(
      'tools',
    );
  });

  test('revoked grants end refreshing with invalid_grant', async () => {
    provider = await startProvider('linear');
    const { client, tokens } = await signIn(provider);
    await provider.revokeGrants();
    expect((await json(await refresh(provider, client, tokens.refresh_token))).error).toBe('invalid_grant');
  });

  test('forgotten clients get invalid_client, new ones are welcome', async () => {
    provider = await startProvider('linear');
    const { client, tokens } = await signIn(provider);
    await provider.forgetClients();
    const refused = await refresh(provider, client, tokens.refresh_token);
    expect([refused.status, (await json(refused)).error]).toEqual([401, 'invalid_client']);
    expect((await signIn(provider)).tokens.access_token).toBeTypeOf('string');
  });

  test('requests are counted by path and method', async () => {
    provider = await startProvider('linear');
    await signIn(provider);
    expect(provider.count('/token', 'POST')).toBe(1);
    expect(provider.count(/^\/(register|authorize)$/)).toBe(2);
    const exchanged = provider.requests.find(({ path }) => path === '/token');
    expect(new URLSearchParams(exchanged?.body).get('resource')).toBe(provider.mcpUrl);
    expect(exchanged?.status).toBe(200);
    provider.clearRequests();
    expect(provider.count('/token')).toBe(0);
  });
});
