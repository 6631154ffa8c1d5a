import { describe, expect, test } from 'vitest';
import { authorizationUrl } from '../../src/oauth/authorization-request.ts';
import { Secret } from '../../src/secret.ts';
import { failure } from './scripted.ts';

const build = (
  authorization_endpoint: string | undefined,
  more: { scope?: string | null; resource?: string | null } = {},
): URL =>
  new URL(
    authorizationUrl({
      server: {
        issuer: 'https://as.example',
        ...(authorization_endpoint === undefined ? {} : { authorization_endpoint }),
      },
      client: {
        clientId: 'https://hub.example/client.json',
        authMethod: 'none',
        clientSecret: new Secret('never-in-a-url'),
      },
      redirectUri: 'https://hub.example/oauth/callback',
      scope: 'a b',
      state: new Secret('st4te'),
      challenge: 'ch4llenge',
      resource: 'https://mcp.example',
      ...more,
    }),
  );

describe('the authorization request', () => {
  test('holds client, redirect URI, scope, state, S256 challenge and resource, and no secret', () => {
    const url = build('https://as.example/authorize');
    expect(url.origin + url.pathname).toBe('https://as.example/authorize');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'https://hub.example/client.json',
      redirect_uri: 'https://hub.example/oauth/callback',
      scope: 'a b',
      state: 'st4te',
      code_challenge: 'ch4llenge',
      code_challenge_method: 'S256',
      resource: 'https://mcp.example',
    });
    expect(url.href).not.toContain('never-in-a-url');
  });

  test('leaves out scope and resource where there is none', () => {
    const url = build('https://as.example/authorize', { scope: null, resource: null });
    expect(url.searchParams.has('scope') || url.searchParams.has('resource')).toBe(false);
  });

  test('asks for consent with offline_access, and only then', () => {
    expect(build('https://as.example/a', { scope: 'a offline_access' }).searchParams.get('prompt')).toBe('consent');
    expect(build('https://as.example/a', { scope: 'offline_access_x' }).searchParams.has('prompt')).toBe(false);
  });

  test('keeps the endpoint’s own query, except what is ours to say', () => {
    const own =
      'tenant=1&tenant=2&state=evil&redirect_uri=https%3A%2F%2Fevil.example&code_challenge_method=plain&scope=all&resource=x&prompt=none';
    const url = build(`https://as.example/authorize?${own}`, { scope: null, resource: null });
    expect(url.searchParams.getAll('tenant')).toEqual(['1', '2']);
    expect(url.searchParams.getAll('state')).toEqual(['st4te']);
    expect(url.searchParams.getAll('redirect_uri')).toEqual(['https://hub.example/oauth/callback']);
    expect(url.searchParams.getAll('code_challenge_method')).toEqual(['S256']);
    for (const name of ['scope', 'resource', 'prompt']) expect(url.searchParams.has(name)).toBe(false);
  });

  test.each([
    undefined,
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///x',
    'vbscript:x',
    '/authorize',
    'https://as.example/a#f',
  ])('never sends a browser to %s', async (endpoint) => {
    expect((await failure(() => build(endpoint))).code).toBe('metadata_invalid');
  });
});
