import { exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { chooseAuthMethod } from '../../src/oauth/client-authentication.ts';
import { refreshTokens } from '../../src/oauth/refresh.ts';
import { revokeTokens } from '../../src/oauth/revocation.ts';
import type { AuthorizationServer, OAuthClient, TokenEndpointAuthMethod } from '../../src/oauth/types.ts';
import { Secret } from '../../src/secret.ts';
import { type Asked, failure, json, plain, scripted } from './scripted.ts';

const TOKEN = 'https://as.example/token';
const SERVER: AuthorizationServer = {
  issuer: 'https://as.example/',
  token_endpoint: TOKEN,
  revocation_endpoint: 'https://as.example/revoke',
};
const secret = (value: string) => ({ clientSecret: new Secret(value) });

async function ask(client: OAuthClient, server: AuthorizationServer = SERVER): Promise<Asked> {
  const exchange = scripted({ [TOKEN]: json({ access_token: 'a', token_type: 'bearer' }) });
  await refreshTokens(exchange, { server, client, refreshToken: new Secret('r'), resource: null });
  return exchange.only();
}

describe('the method', () => {
  const choose = (
    listed: readonly string[] | undefined,
    more: {
      registered?: TokenEndpointAuthMethod;
      override?: TokenEndpointAuthMethod;
      hasSecret?: boolean;
      hasPrivateKey?: boolean;
    } = {},
  ) =>
    chooseAuthMethod({
      server: {
        issuer: 'https://as.example',
        ...(listed === undefined ? {} : { token_endpoint_auth_methods_supported: listed }),
      },
      registered: more.registered ?? null,
      override: more.override ?? null,
      hasSecret: more.hasSecret ?? false,
      hasPrivateKey: more.hasPrivateKey ?? false,
    });
  const ALL = ['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'];
  const both = { hasSecret: true, hasPrivateKey: true };

  test.each<[string, readonly string[] | undefined, Parameters<typeof choose>[1], TokenEndpointAuthMethod]>([
    ['registered and listed', ALL, { registered: 'client_secret_post', hasSecret: true }, 'client_secret_post'],
    [
      'registered, where nothing is listed',
      undefined,
      { registered: 'client_secret_post', hasSecret: true },
      'client_secret_post',
    ],
    [
      'registered but not listed',
      ['client_secret_basic'],
      { registered: 'client_secret_post', hasSecret: true },
      'client_secret_basic',
    ],
    ['a key and a secret', ALL, both, 'private_key_jwt'],
    ['a secret', ALL, { hasSecret: true }, 'client_secret_basic'],
    ['a secret, but only post is listed', ['client_secret_post'], { hasSecret: true }, 'client_secret_post'],
    ['a secret, but only none is listed', ['none'], { hasSecret: true }, 'none'],
    ['nothing', ALL, {}, 'none'],
    ['nothing, and none is not listed', ['client_secret_basic'], {}, 'none'],
    ['a secret, and nothing is listed', undefined, { hasSecret: true }, 'client_secret_basic'],
    ['nothing, and nothing is listed', undefined, {}, 'none'],
    ['a secret, and only unknown methods are listed', ['tls_client_auth'], { hasSecret: true }, 'client_secret_basic'],
    [
      'an override',
      ['none'],
      { ...both, override: 'client_secret_post', registered: 'client_secret_basic' },
      'client_secret_post',
    ],
  ])('with %s is chosen from %j', (_, listed, more, expected) => {
    expect(choose(listed, more)).toBe(expected);
  });

  test('is refused when an override has no means', async () => {
    expect(await failure(() => choose(ALL, { override: 'client_secret_basic' }))).toMatchObject({
      code: 'client_id_required',
      details: { field: 'oauth.clientSecret' },
    });
  });
});

describe('client_secret_basic', () => {
  test.each([
    ['f1d2-uuid.client_id', 'Ab-_.*9', 'f1d2-uuid.client_id:Ab-_.*9'],
    ['https://hub.example/c.json', 'a:b c+d/é%', 'https%3A%2F%2Fhub.example%2Fc.json:a%3Ab+c%2Bd%2F%C3%A9%25'],
  ])('form-encodes %s and %s before joining them', async (clientId, value, joined) => {
    const { headers, form } = await ask({ clientId, authMethod: 'client_secret_basic', ...secret(value) });
    expect(headers.get('authorization')).toBe(`Basic ${btoa(joined)}`);
    expect([...form.keys()].sort()).toEqual(['grant_type', 'refresh_token']);
  });
});

test('client_secret_post puts id and secret into the body and nothing into the headers', async () => {
  const { headers, form } = await ask({ clientId: 'c', authMethod: 'client_secret_post', ...secret('s p') });
  expect([form.get('client_id'), form.get('client_secret')]).toEqual(['c', 's p']);
  expect(headers.has('authorization')).toBe(false);
});

test('none sends the id alone, even where a secret is known', async () => {
  const { headers, form, url } = await ask({ clientId: 'c', authMethod: 'none', ...secret('s') });
  expect(Object.fromEntries(form)).toEqual({ client_id: 'c', grant_type: 'refresh_token', refresh_token: 'r' });
  expect(headers.has('authorization')).toBe(false);
  expect(url).toBe(TOKEN);
});

test.each(['client_secret_basic', 'client_secret_post'] as const)(
  '%s without a secret sends no request',
  async (authMethod) => {
    for (const client of [
      { clientId: 'c', authMethod },
      { clientId: 'c', authMethod, ...secret('') },
    ]) {
      expect((await failure(() => ask(client))).code).toBe('client_id_required');
    }
  },
);

test('revocation authenticates with the same method as the token endpoint', async () => {
  const exchange = scripted({ [SERVER.revocation_endpoint ?? '']: plain(200) });
  const client: OAuthClient = { clientId: 'c', authMethod: 'client_secret_basic', ...secret('s') };
  await revokeTokens(exchange, { server: SERVER, client, refreshToken: null, accessToken: new Secret('a') });
  expect(exchange.only().headers.get('authorization')).toBe(`Basic ${btoa('c:s')}`);
});

describe('private_key_jwt', () => {
  test.each(['ES256', 'RS256', 'PS384', 'EdDSA'] as const)(
    'signs a short assertion for the issuer alone with %s',
    async (algorithm) => {
      const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
      const pem = new Secret(await exportPKCS8(privateKey));
      const client: OAuthClient = {
        clientId: 'c',
        authMethod: 'private_key_jwt',
        privateKey: { pem, algorithm, keyId: 'k1' },
      };
      const [first, second] = [await ask(client), await ask(client)];
      expect(first.form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
      const jwt = first.form.get('client_assertion') ?? '';
      const { payload, protectedHeader } = await jwtVerify(jwt, publicKey, {
        audience: SERVER.issuer,
        issuer: 'c',
        subject: 'c',
      });
      expect(protectedHeader).toEqual({ alg: algorithm, kid: 'k1' });
      expect(payload.aud).toBe('https://as.example/');
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(60);
      const other = await jwtVerify(second.form.get('client_assertion') ?? '', publicKey);
      expect(other.payload.jti).not.toBe(payload.jti);
      expect(first.headers.has('authorization')).toBe(false);
      expect(first.form.has('client_secret')).toBe(false);
    },
  );

  test('takes a key as JWK too', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const pem = new Secret(JSON.stringify(await exportJWK(privateKey)));
    const { form } = await ask({
      clientId: 'c',
      authMethod: 'private_key_jwt',
      privateKey: { pem, algorithm: 'ES256' },
    });
    await jwtVerify(form.get('client_assertion') ?? '', publicKey);
  });

  test.each([
    ['-----BEGIN PRIVATE KEY-----\nc2VjcmV0IGtleQ==\n-----END PRIVATE KEY-----', 'ES256'],
    ['{"kty":"oct","k":"c2VjcmV0IGtleQ"}', 'ES256'],
    ['{"kty":"EC"', 'ES256'],
    ['secret key', 'RS256'],
  ])('with the key %j for %s is refused without a word of the key', async (text, algorithm) => {
    const client: OAuthClient = {
      clientId: 'c',
      authMethod: 'private_key_jwt',
      privateKey: { pem: new Secret(text), algorithm },
    };
    const error = await failure(() => ask(client));
    expect(error).toMatchObject({ code: 'client_id_required', details: { field: 'oauth.privateKey' } });
    expect(error.message + String(error.cause)).not.toMatch(/secret key|c2VjcmV0/);
  });

  test('is refused for an algorithm that the server does not list, and for symmetric ones', async () => {
    const pem = new Secret('never read');
    const client = (algorithm: string): OAuthClient => ({
      clientId: 'c',
      authMethod: 'private_key_jwt',
      privateKey: { pem, algorithm },
    });
    const picky = { ...SERVER, token_endpoint_auth_signing_alg_values_supported: ['RS256'] };
    expect((await failure(() => ask(client('ES256'), picky))).code).toBe('client_rejected');
    expect((await failure(() => ask(client('HS256')))).code).toBe('client_rejected');
    expect((await failure(() => ask(client('none')))).code).toBe('client_rejected');
  });
});
