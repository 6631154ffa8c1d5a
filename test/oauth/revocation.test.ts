import { describe, expect, test } from 'vitest';
import { revokeTokens } from '../../src/oauth/revocation.ts';
import type { AuthorizationServer } from '../../src/oauth/types.ts';
import { Secret } from '../../src/secret.ts';
import { json, plain, type Scripted, scripted } from './scripted.ts';

const REVOKE = 'https://as.example/revoke';
const SERVER: AuthorizationServer = { issuer: 'https://as.example', revocation_endpoint: REVOKE };
const revoke = (exchange: Scripted, refreshToken: string | null = 'rt', server: AuthorizationServer = SERVER) =>
  revokeTokens(exchange, {
    server,
    client: { clientId: 'c', authMethod: 'none' },
    refreshToken: refreshToken === null ? null : new Secret(refreshToken),
    accessToken: new Secret('at'),
  });
const sent = (exchange: Scripted) => exchange.asked.map(({ form }) => [form.get('token'), form.get('token_type_hint')]);

describe('revocation', () => {
  test('gives back the refresh token, then the access token, with hints', async () => {
    const exchange = scripted({ [REVOKE]: plain(200) });
    expect(await revoke(exchange)).toEqual({ revoked: true, detail: 'refresh token revoked, access token revoked' });
    expect(sent(exchange)).toEqual([
      ['rt', 'refresh_token'],
      ['at', 'access_token'],
    ]);
  });

  test('gives back the access token alone where there is no refresh token', async () => {
    const exchange = scripted({ [REVOKE]: plain(200) });
    expect((await revoke(exchange, null)).revoked).toBe(true);
    expect(sent(exchange)).toEqual([['at', 'access_token']]);
  });

  test('is done when the refresh token is gone, though access tokens cannot be revoked', async () => {
    const exchange = scripted({ [REVOKE]: [plain(200), json({ error: 'unsupported_token_type' }, 400)] });
    const { revoked, detail } = await revoke(exchange);
    expect(revoked).toBe(true);
    expect(detail).toContain('unsupported_token_type');
  });

  test.each([400, 401, 404, 500])('answered with HTTP %i is told, not thrown', async (status) => {
    const exchange = scripted({ [REVOKE]: () => json({ error: 'invalid_client' }, status) });
    const { revoked, detail } = await revoke(exchange);
    expect(revoked).toBe(false);
    expect(detail).toContain(`HTTP ${status}`);
    expect(exchange.asked).toHaveLength(2);
  });

  test('is tried once more after a 503, and no more than once', async () => {
    const recovering = scripted({ [REVOKE]: [plain(503), plain(200), plain(200)] });
    expect((await revoke(recovering)).revoked).toBe(true);
    const down = scripted({ [REVOKE]: () => plain(503) });
    expect((await revoke(down, null)).revoked).toBe(false);
    expect(down.asked).toHaveLength(2);
  });

  test('makes no request where the server has no endpoint for it', async () => {
    const exchange = scripted({});
    expect((await revoke(exchange, 'rt', { issuer: 'https://as.example' })).revoked).toBe(false);
    expect(exchange.asked).toEqual([]);
  });

  test('tells nothing of the tokens', async () => {
    const exchange = scripted({ [REVOKE]: () => json({ error: 'bad at-secret' }, 400) });
    const { detail } = await revokeTokens(exchange, {
      server: SERVER,
      client: { clientId: 'c', authMethod: 'none' },
      refreshToken: null,
      accessToken: new Secret('at-secret'),
    });
    expect(JSON.stringify([detail, exchange.notes])).not.toContain('at-secret');
  });
});
