import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChatelaineError, isTransient } from '../../src/errors.ts';
import { requestClientCredentials } from '../../src/oauth/client-credentials.ts';
import { refreshTokens } from '../../src/oauth/refresh.ts';
import { exchangeCode } from '../../src/oauth/token-endpoint.ts';
import type { AuthorizationServer, OAuthClient } from '../../src/oauth/types.ts';
import { Secret } from '../../src/secret.ts';
import { failure, html, json, plain, type Scripted, scripted } from './scripted.ts';

const TOKEN = 'https://as.example/token?tenant=1';
const server: AuthorizationServer = { issuer: 'https://as.example', token_endpoint: TOKEN };
const client: OAuthClient = {
  clientId: 'c',
  authMethod: 'client_secret_post',
  clientSecret: new Secret('cl13nt-secret'),
};
const GOOD = { access_token: 'at', token_type: 'Bearer' };

const answering = (answer: Response) => scripted({ [TOKEN]: answer });
const code = (exchange: Scripted, more: { resource?: string | null; requestedScope?: string | null } = {}) =>
  exchangeCode(exchange, {
    server,
    client,
    code: new Secret('the-code'),
    verifier: new Secret('the-verifier'),
    redirectUri: 'https://hub.example/oauth/callback',
    resource: 'https://mcp.example',
    requestedScope: 'a b',
    ...more,
  });
const refresh = (exchange: Scripted, resource: string | null = 'https://mcp.example') =>
  refreshTokens(exchange, { server, client, refreshToken: new Secret('old-refresh'), resource });

describe('the code exchange', () => {
  test('sends code, verifier, redirect URI and resource in the body, and none of it in the URL', async () => {
    const exchange = answering(json(GOOD));
    await code(exchange);
    const { method, url, headers, form } = exchange.only();
    expect([method, url, headers.get('accept')]).toEqual(['POST', TOKEN, 'application/json']);
    expect(headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/);
    // The guarded fetch names us; the library's own name must not get in its way.
    expect(headers.has('user-agent')).toBe(false);
    expect(Object.fromEntries(form)).toEqual({
      grant_type: 'authorization_code',
      code: 'the-code',
      code_verifier: 'the-verifier',
      redirect_uri: 'https://hub.example/oauth/callback',
      resource: 'https://mcp.example',
      client_id: 'c',
      client_secret: 'cl13nt-secret',
    });
  });

  test('leaves out what is not there rather than sending it empty', async () => {
    for (const resource of [null, '']) {
      const exchange = answering(json(GOOD));
      await code(exchange, { resource });
      expect(exchange.only().form.has('resource')).toBe(false);
    }
  });

  test.each([
    [{ scope: 'a' }, 'a b', 'a'],
    [{}, 'a b', 'a b'],
    [{ scope: '' }, 'a b', 'a b'],
    [{ scope: ['a'] }, 'a b', 'a b'],
    [{}, null, null],
  ])('of %j after asking for %j has the scope %j', async (more, requestedScope, expected) => {
    expect((await code(answering(json({ ...GOOD, ...more })), { requestedScope })).scope).toBe(expected);
  });

  test('without a token endpoint sends nothing', async () => {
    const request = { server: { issuer: 'https://as.example' }, client, refreshToken: new Secret('r'), resource: null };
    expect((await failure(() => refreshTokens(scripted({}), request))).code).toBe('metadata_invalid');
  });
});

describe('a refresh', () => {
  test('sends the refresh token and the resource, and no scope', async () => {
    const exchange = answering(json(GOOD));
    await refresh(exchange);
    expect(Object.fromEntries(exchange.only().form)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'old-refresh',
      resource: 'https://mcp.example',
      client_id: 'c',
      client_secret: 'cl13nt-secret',
    });
  });

  test.each([
    [{ refresh_token: 'new' }, 'new'],
    [{}, 'old-refresh'],
    [{ refresh_token: null }, 'old-refresh'],
    [{ refresh_token: '' }, 'old-refresh'],
  ])('answered with %j goes on with %s', async (more, expected) => {
    expect((await refresh(answering(json({ ...GOOD, ...more })))).refreshToken?.reveal()).toBe(expected);
  });
});

describe('client credentials', () => {
  const ask = (exchange: Scripted, who: OAuthClient = client) =>
    requestClientCredentials(exchange, { server, client: who, scope: 'a b', resource: 'https://mcp.example' });

  test('send scope and resource, and keep no refresh token', async () => {
    const exchange = answering(json({ ...GOOD, refresh_token: 'r', scope: 'a' }));
    expect(await ask(exchange)).toMatchObject({ refreshToken: null, scope: 'a' });
    expect(Object.fromEntries(exchange.only().form)).toMatchObject({
      grant_type: 'client_credentials',
      scope: 'a b',
      resource: 'https://mcp.example',
    });
  });

  test('need a client that can prove itself', async () => {
    expect((await failure(() => ask(scripted({}), { clientId: 'c', authMethod: 'none' }))).code).toBe(
      'client_id_required',
    );
  });
});

describe('tokens', () => {
  test.each([
    [3600, 3600],
    ['3600', 3600],
    [59.9, 59],
    [0, 0],
    [-1, null],
    ['-1', null],
    [Number.MAX_SAFE_INTEGER, null],
    ['1e999', null],
    ['soon', null],
    [null, null],
    [undefined, null],
    [[3600], null],
    [true, null],
  ])('with expires_in %j live for %j seconds', async (expires_in, expected) => {
    expect((await code(answering(json({ ...GOOD, expires_in })))).expiresInSeconds).toBe(expected);
  });

  test.each(['Bearer', 'bearer', 'BEARER'])('of type %s are Bearer tokens', async (token_type) => {
    expect((await code(answering(json({ ...GOOD, token_type })))).tokenType).toBe('Bearer');
  });

  test.each(['DPoP', 'mac', 'N_A'])(
    'of type %s cannot be used, and that is not a fault of the moment',
    async (token_type) => {
      expect((await failure(() => code(answering(json({ ...GOOD, token_type }))))).code).toBe('token_request_failed');
    },
  );

  test.each<[string, object]>([
    ['no access token', { token_type: 'Bearer' }],
    ['no token type', { access_token: 'at' }],
    ['an access token of another type', { ...GOOD, access_token: { a: 1 } }],
    ['an empty access token', { ...GOOD, access_token: '' }],
    ['an access token that would add a header', { ...GOOD, access_token: 'at\r\nx-evil: 1' }],
    ['an access token with a blank', { ...GOOD, access_token: 'a t' }],
    ['an access token beyond ASCII', { ...GOOD, access_token: 'até' }],
    ['an endless access token', { ...GOOD, access_token: 'a'.repeat(20_000) }],
    ['a refresh token with a line break', { ...GOOD, refresh_token: 'r\n' }],
    ['a refresh token of another type', { ...GOOD, refresh_token: 7 }],
  ])('with %s are an unusable answer', async (_, body) => {
    expect((await failure(() => code(answering(json(body))))).code).toBe('upstream_invalid_response');
  });

  test('are accepted only when they fit into a header, whatever a server sends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (access_token) => {
        const outcome = await code(answering(json({ ...GOOD, access_token }))).catch((error: unknown) => error);
        if (outcome instanceof ChatelaineError) return outcome.code === 'upstream_invalid_response';
        new Headers({ authorization: `Bearer ${access_token}` });
        return /^[\x21-\x7e]+$/.test(access_token);
      }),
    );
  });
});

describe('a refusal of the token endpoint', () => {
  test.each([
    [400, 'invalid_grant', 'invalid_grant'],
    [401, 'invalid_client', 'client_rejected'],
    [400, 'unauthorized_client', 'client_rejected'],
    [400, 'invalid_request', 'token_request_failed'],
    [400, 'invalid_scope', 'token_request_failed'],
    [400, 'invalid_target', 'token_request_failed'],
    [403, 'access_denied', 'token_request_failed'],
    [200, 'bad_verification_code', 'invalid_grant'],
    [200, 'bad_refresh_token', 'invalid_grant'],
    [200, 'incorrect_client_credentials', 'client_rejected'],
  ])('HTTP %i with %s is %s', async (status, error, expected) => {
    const caught = await failure(() => refresh(answering(json({ error, error_description: 'why' }, status))));
    expect(caught).toMatchObject({
      code: expected,
      details: { upstreamCode: error, upstreamText: 'why', upstreamStatus: status },
    });
    expect(isTransient(caught)).toBe(false);
  });

  test.each<[string, Response, string]>([
    ['HTTP 500', plain(500), 'upstream_http_error'],
    ['HTTP 503 with an OAuth error', json({ error: 'invalid_grant' }, 503), 'upstream_http_error'],
    ['HTTP 429', json({ error: 'invalid_grant' }, 429), 'upstream_rate_limited'],
    ['temporarily_unavailable', json({ error: 'temporarily_unavailable' }, 400), 'upstream_http_error'],
    ['slow_down', json({ error: 'slow_down' }, 400), 'upstream_rate_limited'],
    ['a firewall’s HTTP 403', html(403), 'upstream_http_error'],
    ['HTTP 401 without an OAuth error', json({ message: 'no' }, 401), 'upstream_http_error'],
    ['an error that is no text', json({ error: { code: 5 } }, 400), 'upstream_http_error'],
    ['a page with HTTP 200', html(), 'upstream_invalid_response'],
    ['a JSON list', json([GOOD]), 'upstream_invalid_response'],
  ])('is not concluded from %s: the tokens stay', async (_, answer, expected) => {
    const caught = await failure(() => refresh(answering(answer)));
    expect(caught.code).toBe(expected);
    expect(isTransient(caught)).toBe(true);
  });

  test.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '30' }, 30],
    [{ 'retry-after': '99999999' }, 86_400],
    [{ 'retry-after': 'Tue, 24 Nov 2026 10:01:00 GMT', date: 'Tue, 24 Nov 2026 10:00:00 GMT' }, 60],
    [{ 'retry-after': 'Tue, 24 Nov 2026 09:00:00 GMT', date: 'Tue, 24 Nov 2026 10:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('for too many requests with %j asks for %j seconds of patience', async (headers, expected) => {
    expect((await failure(() => refresh(answering(plain(429, headers))))).details.retryAfterSeconds).toBe(expected);
  });

  test('never repeats a secret that we had sent, wherever in its words it stands', async () => {
    const words = `${'x'.repeat(490)} old-refresh cl13nt-secret`;
    const caught = await failure(() =>
      refresh(answering(json({ error: 'invalid_grant old-refresh', error_description: words }, 400))),
    );
    const told = JSON.stringify([caught.message, caught.details]);
    expect(told).toContain('[secret]');
    expect(told).not.toMatch(/old-ref|cl13nt/);
    const code1 = await failure(() =>
      code(answering(json({ error: 'invalid_request', error_description: 'the-code the-verifier' }, 400))),
    );
    expect(JSON.stringify([code1.message, code1.details])).not.toMatch(/the-code|the-verifier/);
  });

  test('has its words cut and put on one line', async () => {
    const error_description = `a\r\nforged: line\u2028\u202e${'z'.repeat(10_000)}`;
    const { details, message } = await failure(() =>
      refresh(answering(json({ error: 'invalid_grant', error_description }, 400))),
    );
    expect(details.upstreamText).toMatch(/^a forged: line z{100,}$/);
    expect(details.upstreamText?.length).toBeLessThanOrEqual(500);
    expect(message).not.toMatch(/[\r\n\u2028\u202e]/);
  });

  test('of the network passes through unchanged', async () => {
    const fault = new ChatelaineError('upstream_timeout', 'slow');
    const request = { server, client, refreshToken: new Secret('r'), resource: null };
    await expect(refreshTokens({ fetch: () => Promise.reject(fault) }, request)).rejects.toBe(fault);
  });
});
