// Discovery, registration and authorization against a stand-in, by hand.
import { afterEach, describe, expect, test } from 'vitest';
import type { RunningProvider } from '../../providers/index.ts';
import { startProvider } from '../../providers/index.ts';
import {
  authorizationUrl,
  browse,
  json,
  post,
  REDIRECT_URI,
  register,
  serverMetadata,
  signIn,
  visit,
} from './by-hand.ts';

let provider: RunningProvider;
afterEach(() => provider.close());

describe('discovery', () => {
  test('a request without a token is challenged with the address of the metadata, which leads to the issuer', async () => {
    provider = await startProvider('sentry');
    const challenged = await post(provider, 'tools/list');
    expect(challenged.status).toBe(401);
    const url = /resource_metadata="([^"]+)"/.exec(challenged.headers.get('www-authenticate') ?? '')?.[1] ?? '';
    expect(url).toBe(`${provider.origin}/.well-known/oauth-protected-resource/mcp`);

    const resource = await json(await fetch(url));
    expect(resource).toMatchObject({ resource: provider.mcpUrl, authorization_servers: [provider.issuer] });

    expect(await serverMetadata(provider)).toMatchObject({
      issuer: provider.issuer,
      authorization_endpoint: `${provider.origin}/authorize`,
      token_endpoint: `${provider.origin}/token`,
      registration_endpoint: `${provider.origin}/register`,
      revocation_endpoint: `${provider.origin}/revoke`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      scopes_supported: ['org:read', 'project:write', 'event:write'],
    });
  });

  test('the root form of the resource metadata does not exist while the path form does', async () => {
    provider = await startProvider('granola');
    expect((await fetch(`${provider.origin}/.well-known/oauth-protected-resource`)).status).toBe(404);
  });

  test('an issuer with a path publishes its metadata where it is told to, and nowhere else', async () => {
    provider = await startProvider('linear', { issuerPath: '/tenant1', metadataAt: ['openid-inserted'] });
    const at = (path: string) => fetch(`${provider.origin}${path}`);
    expect(await json(await at('/.well-known/openid-configuration/tenant1'))).toMatchObject({
      issuer: `${provider.origin}/tenant1`,
      token_endpoint: `${provider.origin}/tenant1/token`,
    });
    expect((await at('/.well-known/oauth-authorization-server/tenant1')).status).toBe(404);
    expect((await at('/.well-known/oauth-authorization-server')).status).toBe(404);
    expect((await at('/tenant1/.well-known/openid-configuration')).status).toBe(404);
    const { tokens } = await signIn(provider);
    expect((await post(provider, 'tools/list', {}, { token: tokens.access_token })).status).toBe(200);
  });
});

describe('registration', () => {
  test('native clients may use loopback on any port, web clients https', async () => {
    provider = await startProvider('linear');
    expect(await register(provider)).toMatchObject({
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
    });
    const web = { application_type: 'web', redirect_uris: ['https://hub.example/oauth/callback'] };
    const confidential = await register(provider, { ...web, token_endpoint_auth_method: 'client_secret_basic' });
    expect(provider.secretsIssued).toContain(confidential.client_secret);
    expect(provider.secretsIssued).toContain(confidential.registration_access_token);
  });

  test('a native client with an http address that is not loopback is refused', async () => {
    provider = await startProvider('linear');
    await expect(register(provider, { redirect_uris: ['http://hub.example/cb'] })).rejects.toThrow(
      'invalid_redirect_uri',
    );
  });

  test('a web client, which is the default, must use https', async () => {
    provider = await startProvider('linear');
    await expect(register(provider, { application_type: 'web' })).rejects.toThrow('invalid_redirect_uri');
    await expect(register(provider, { application_type: undefined })).rejects.toThrow('invalid_redirect_uri');
  });

  test('a native client comes back on another port than it registered', async () => {
    provider = await startProvider('linear');
    const client = await register(provider, { redirect_uris: ['http://127.0.0.1/oauth/callback'] });
    const { left } = await browse(provider, authorizationUrl(provider, client).url);
    expect(left?.searchParams.get('code')).toBeTypeOf('string');
  });

  test('a wish for scopes is ignored, not refused', async () => {
    provider = await startProvider('linear');
    expect((await register(provider, { scope: 'read write' })).client_id).toBeTypeOf('string');
  });
});

describe('authorization', () => {
  test('with autoApprove redirects alone lead back to the client with code, state and iss', async () => {
    provider = await startProvider('linear');
    const client = await register(provider);
    const { left } = await browse(provider, authorizationUrl(provider, client, { scope: 'read' }).url);
    expect(left?.href.startsWith(REDIRECT_URI)).toBe(true);
    expect(left?.searchParams.get('state')).toBe('the-state');
    expect(left?.searchParams.get('iss')).toBe(provider.issuer);
    expect(provider.secretsIssued).toContain(left?.searchParams.get('code'));
  });

  test('without it a page shows client, scopes and resource, and Allow leads back with a code', async () => {
    provider = await startProvider('linear', { autoApprove: false });
    const client = await register(provider);
    const { page, jar } = await browse(provider, authorizationUrl(provider, client, { scope: 'read write' }).url);
    const text = (await page?.text()) ?? '';
    for (const shown of ['By hand', 'read write', provider.mcpUrl, 'Allow', 'Deny']) expect(text).toContain(shown);

    const form = new URLSearchParams({ decision: 'allow', account: 'ben@example.test' });
    const resume = await visit(jar, page?.url ?? '', { method: 'POST', body: form });
    const done = await visit(jar, new URL(resume.headers.get('location') ?? '', provider.origin).href);
    expect(new URL(done.headers.get('location') ?? '').searchParams.get('code')).toBeTypeOf('string');
  });

  test('Deny leads back with access_denied', async () => {
    provider = await startProvider('linear', { autoApprove: false });
    const client = await register(provider);
    const { page, jar } = await browse(provider, authorizationUrl(provider, client).url);
    const resume = await visit(jar, page?.url ?? '', {
      method: 'POST',
      body: new URLSearchParams({ decision: 'deny' }),
    });
    const done = await visit(jar, new URL(resume.headers.get('location') ?? '', provider.origin).href);
    expect(new URL(done.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied');

    Object.assign(provider.signIn, { autoApprove: true, deny: true });
    const { left } = await browse(provider, authorizationUrl(provider, client).url);
    expect(left?.searchParams.get('error')).toBe('access_denied');
    expect(left?.searchParams.get('iss')).toBe(provider.issuer);
  });

  test('PKCE is required', async () => {
    provider = await startProvider('linear');
    const client = await register(provider);
    const url = new URL(authorizationUrl(provider, client).url);
    url.searchParams.delete('code_challenge');
    url.searchParams.delete('code_challenge_method');
    const { left } = await browse(provider, url.href);
    expect(left?.searchParams.get('error')).toBe('invalid_request');
  });

  test('another resource than the MCP URL is refused', async () => {
    provider = await startProvider('linear');
    const client = await register(provider);
    const { left } = await browse(provider, authorizationUrl(provider, client, { resource: 'https://x.example' }).url);
    expect(left?.searchParams.get('error')).toBe('invalid_target');
  });
});
