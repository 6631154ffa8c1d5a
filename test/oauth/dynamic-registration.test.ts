import { describe, expect, test } from 'vitest';
import { ChatelaineError } from '../../src/errors.ts';
import { deleteRegistration, registerClient } from '../../src/oauth/dynamic-registration.ts';
import type { AuthorizationServer } from '../../src/oauth/types.ts';
import { Secret } from '../../src/secret.ts';
import { failure, html, json, plain, type Scripted, scripted } from './scripted.ts';

const REGISTER = 'https://as.example/register';
const NOW = 1_700_000_000_000;
const server = (methods?: string[]): AuthorizationServer => ({
  issuer: 'https://as.example',
  registration_endpoint: REGISTER,
  ...(methods === undefined ? {} : { token_endpoint_auth_methods_supported: methods }),
});
const register = (exchange: Scripted, methods?: string[], redirectUri = 'https://hub.example/oauth/callback') =>
  registerClient(exchange, {
    server: server(methods),
    redirectUri,
    clientName: 'Chatelaine',
    clientUri: 'https://hub.example',
    now: NOW,
  });
const answered = (body: object, methods?: string[]) =>
  register(scripted({ [REGISTER]: json({ client_id: 'c', ...body }, 201) }), methods);
const sent = (exchange: Scripted, index = 0) => JSON.parse(exchange.asked[index]?.body ?? '');

describe('a registration', () => {
  test('says who we are, in JSON, for the callback and for refresh tokens', async () => {
    const exchange = scripted({ [REGISTER]: json({ client_id: 'c' }, 201) });
    await register(exchange, ['none']);
    expect(exchange.only()).toMatchObject({ method: 'POST', url: REGISTER });
    expect(exchange.only().headers.get('content-type')).toBe('application/json');
    expect(sent(exchange)).toEqual({
      client_name: 'Chatelaine',
      client_uri: 'https://hub.example',
      redirect_uris: ['https://hub.example/oauth/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'web',
    });
  });

  test.each([
    [undefined, 'client_secret_basic'],
    [['none'], 'none'],
    [['client_secret_post', 'none'], 'client_secret_post'],
    [['none', 'client_secret_post', 'client_secret_basic'], 'client_secret_basic'],
    [['private_key_jwt', 'none'], 'none'],
  ])('where the server lists the methods %j asks for %s', async (methods, method) => {
    const exchange = scripted({ [REGISTER]: json({ client_id: 'c', client_secret: 's' }, 201) });
    await register(exchange, methods);
    expect(sent(exchange).token_endpoint_auth_method).toBe(method);
  });

  test('gives client, secret, its end and the means to delete it', async () => {
    const registered = await answered({
      client_secret: 's3cret',
      client_secret_expires_at: 1_800_000_000,
      token_endpoint_auth_method: 'client_secret_post',
      registration_access_token: 'rat',
      registration_client_uri: 'https://as.example/register/c',
    });
    expect(registered).toMatchObject({
      client: { clientId: 'c', authMethod: 'client_secret_post' },
      clientSecretExpiresAt: 1_800_000_000_000,
      registrationClientUri: 'https://as.example/register/c',
    });
    expect([registered.client.clientSecret?.reveal(), registered.registrationAccessToken?.reveal()]).toEqual([
      's3cret',
      'rat',
    ]);
  });

  test.each([
    [0, null],
    [undefined, null],
    ['1800000000', 1_800_000_000_000],
    [1_600_000_000, null],
    [-1, null],
    [1e300, null],
    ['soon', null],
  ])('with client_secret_expires_at %j ends at %j', async (client_secret_expires_at, expected) => {
    expect((await answered({ client_secret: 's', client_secret_expires_at })).clientSecretExpiresAt).toBe(expected);
  });

  test.each<[string, object, string[] | undefined, string]>([
    [
      'what the answer says',
      { client_secret: 's', token_endpoint_auth_method: 'client_secret_post' },
      undefined,
      'client_secret_post',
    ],
    [
      'what was asked for when the answer is silent',
      { client_secret: 's' },
      ['client_secret_post'],
      'client_secret_post',
    ],
    [
      'none when no secret came, whatever the answer says',
      { token_endpoint_auth_method: 'client_secret_basic' },
      undefined,
      'none',
    ],
    ['none when an empty secret came', { client_secret: '' }, undefined, 'none'],
    ['none though a secret came with it', { client_secret: 's', token_endpoint_auth_method: 'none' }, ['none'], 'none'],
    [
      'a listed one when the answer’s is not listed',
      { client_secret: 's', token_endpoint_auth_method: 'client_secret_post' },
      ['client_secret_basic'],
      'client_secret_basic',
    ],
  ])('authenticates with %s', async (_, body, methods, expected) => {
    expect((await answered(body, methods)).client.authMethod).toBe(expected);
  });

  test('is accepted with status 200 as well', async () => {
    expect((await register(scripted({ [REGISTER]: json({ client_id: 'c' }) }))).client.clientId).toBe('c');
  });

  test('for a method we do not have is no registration', async () => {
    expect((await failure(() => answered({ token_endpoint_auth_method: 'tls_client_auth' }))).code).toBe(
      'registration_failed',
    );
  });
});

describe('a refused registration', () => {
  test('tells the provider’s words, our redirect URI and the way by hand', async () => {
    const refusal = json({ error: 'invalid_software_statement', error_description: 'Not\r\nyou' }, 400);
    const error = await failure(() => register(scripted({ [REGISTER]: refusal })));
    expect(error).toMatchObject({
      code: 'registration_failed',
      details: {
        upstreamStatus: 400,
        upstreamCode: 'invalid_software_statement',
        upstreamText: 'Not you',
        field: 'oauth.clientId',
      },
    });
    expect(error.message).toContain('https://hub.example/oauth/callback');
  });

  test.each(['invalid_redirect_uri', 'invalid_client_metadata'])(
    'with %s is tried once more as the other application type',
    async (code) => {
      const exchange = scripted({ [REGISTER]: [json({ error: code }, 400), json({ client_id: 'c2' }, 201)] });
      expect((await register(exchange, ['none'], 'http://127.0.0.1:4100/oauth/callback')).client.clientId).toBe('c2');
      expect([sent(exchange, 0).application_type, sent(exchange, 1).application_type]).toEqual(['native', 'web']);
    },
  );

  test('twice ends with the first refusal', async () => {
    const exchange = scripted({
      [REGISTER]: [json({ error: 'invalid_redirect_uri' }, 400), json({ error: 'other' }, 400)],
    });
    expect((await failure(() => register(exchange))).details.upstreamCode).toBe('invalid_redirect_uri');
    expect(exchange.asked).toHaveLength(2);
  });

  test.each([401, 403, 404])('without OAuth error and with HTTP %i is a refusal still', async (status) => {
    expect((await failure(() => register(scripted({ [REGISTER]: plain(status) })))).code).toBe('registration_failed');
  });

  test.each<[string, Response, string]>([
    ['HTTP 500', json({ error: 'invalid_redirect_uri' }, 500), 'upstream_http_error'],
    ['HTTP 429', plain(429), 'upstream_rate_limited'],
    ['a page', html(), 'upstream_invalid_response'],
    ['no client id', json({ client_name: 'x' }, 201), 'upstream_invalid_response'],
    ['a client id that breaks lines', json({ client_id: 'a\r\nb' }, 201), 'upstream_invalid_response'],
  ])('is not concluded from %s', async (_, answer, code) => {
    expect((await failure(() => register(scripted({ [REGISTER]: answer })))).code).toBe(code);
  });
});

describe('deleting a registration', () => {
  const at = { registrationClientUri: 'https://as.example/register/c', registrationAccessToken: new Secret('rat') };

  test('authenticates with the registration access token', async () => {
    const exchange = scripted({ [at.registrationClientUri]: plain(204) });
    await deleteRegistration(exchange, at);
    expect(exchange.only().method).toBe('DELETE');
    expect(exchange.only().headers.get('authorization')).toBe('Bearer rat');
  });

  test('never fails for what the provider or the network does', async () => {
    const refusing = scripted({ [at.registrationClientUri]: plain(403) });
    await deleteRegistration(refusing, at);
    expect(refusing.notes[0]?.decision).toContain('403');
    const fetch = () => Promise.reject(new ChatelaineError('upstream_unreachable', 'down'));
    await deleteRegistration({ fetch }, at);
    await deleteRegistration({ fetch }, { ...at, registrationClientUri: 'javascript:x' });
  });
});
