import { describe, expect, test } from 'vitest';
import { clientMetadata } from '../../src/oauth/client-metadata.ts';
import { chooseRegistration } from '../../src/oauth/client-registration.ts';
import type { AuthorizationServer } from '../../src/oauth/types.ts';
import { failure } from './scripted.ts';

const ISSUER = 'https://as.example';
const CIMD = 'https://hub.example/oauth/client.json';
const redirectUri = 'https://hub.example/oauth/callback';
const server = (more: Partial<AuthorizationServer> = {}): AuthorizationServer => ({ issuer: ISSUER, ...more });
const both = server({ client_id_metadata_document_supported: true, registration_endpoint: `${ISSUER}/register` });
const base = { server: both, manual: null, hasDynamic: false, clientMetadataUrl: CIMD, redirectUri };
const entered = (issuer: string | null, complete = true) => ({ issuer, complete });

describe('the registration', () => {
  test.each<[string, Partial<Parameters<typeof chooseRegistration>[0]>, string]>([
    ['the entered client for this issuer first', { manual: entered(ISSUER) }, 'pre_registered'],
    ['the entered client that is bound to no issuer yet', { manual: entered(null) }, 'pre_registered'],
    ['then our metadata document', {}, 'client_id_metadata_document'],
    [
      'our metadata document even beside an older dynamic registration',
      { hasDynamic: true },
      'client_id_metadata_document',
    ],
    ['then dynamic registration, where no public URL serves our document', { clientMetadataUrl: null }, 'dynamic'],
    [
      'then dynamic registration, where documents are not supported',
      { server: server({ registration_endpoint: `${ISSUER}/r` }) },
      'dynamic',
    ],
    ['a dynamic registration that exists, though no more are taken', { server: server(), hasDynamic: true }, 'dynamic'],
    ['not an entered client that lacks its id', { manual: entered(ISSUER, false) }, 'client_id_metadata_document'],
  ])('is %s', (_, input, kind) => {
    expect(chooseRegistration({ ...base, ...input }).kind).toBe(kind);
  });

  test('asks a person when there is no other way, and tells the redirect URI and the field', async () => {
    const error = await failure(() => chooseRegistration({ ...base, server: server() }));
    expect(error).toMatchObject({ code: 'client_id_required', details: { field: 'oauth.clientId' } });
    expect(error.message).toContain(redirectUri);
    expect(error.message).toContain('oauth.clientId');
  });

  test('never takes a client to another issuer than the one it was entered for', async () => {
    for (const issuer of ['https://old.example', `${ISSUER}/`, 'https://AS.example']) {
      const error = await failure(() => chooseRegistration({ ...base, manual: entered(issuer) }));
      expect(error.code).toBe('client_issuer_mismatch');
    }
  });

  test('for client credentials is the entered client or nothing', async () => {
    const grant = 'client_credentials' as const;
    expect(chooseRegistration({ ...base, grant, manual: entered(ISSUER) }).kind).toBe('pre_registered');
    expect((await failure(() => chooseRegistration({ ...base, grant }))).code).toBe('client_id_required');
  });
});

describe('our metadata', () => {
  test('as a document holds its own URL and everything a server needs, and no secret', () => {
    expect(
      clientMetadata({ redirectUri, clientName: 'Chatelaine', clientUri: 'https://hub.example', clientId: CIMD }),
    ).toEqual({
      client_id: CIMD,
      client_name: 'Chatelaine',
      client_uri: 'https://hub.example',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'web',
    });
  });

  test('may carry public keys for private_key_jwt', () => {
    const jwks = { keys: [{ kty: 'EC' }] };
    const metadata = clientMetadata({
      redirectUri,
      clientName: 'C',
      clientId: CIMD,
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwks,
    });
    expect(metadata).toMatchObject({ token_endpoint_auth_method: 'private_key_jwt', jwks });
  });

  test.each(['client_secret_basic', 'client_secret_post'] as const)('as a document never claims %s', async (method) => {
    const error = await failure(() =>
      clientMetadata({ redirectUri, clientName: 'C', clientId: CIMD, tokenEndpointAuthMethod: method }),
    );
    expect(error.code).toBe('invalid_settings');
  });

  test.each([
    'http://hub.example/client.json',
    'https://hub.example',
    'https://hub.example/',
    'https://hub.example/a/../client.json',
    'https://hub.example/client.json?x=1',
    'https://hub.example/client.json#f',
    'https://u:p@hub.example/client.json',
    '/client.json',
  ])('is never published at %s', async (clientId) => {
    expect((await failure(() => clientMetadata({ redirectUri, clientName: 'C', clientId }))).code).toBe(
      'invalid_settings',
    );
  });

  test.each([
    ['https://hub.example/cb', 'web'],
    ['https://hub.localhost.example/cb', 'web'],
    ['http://10.0.0.5:4100/cb', 'web'],
    ['http://127.0.0.1:4100/cb', 'native'],
    ['http://localhost:4100/cb', 'native'],
    ['http://[::1]:4100/cb', 'native'],
    ['com.example.app:/cb', 'native'],
  ])('for the redirect URI %s is that of a %s application', (uri, type) => {
    expect(clientMetadata({ redirectUri: uri, clientName: 'C' }).application_type).toBe(type);
  });

  test('leaves out a client_uri that is not https', () => {
    expect(clientMetadata({ redirectUri, clientName: 'C', clientUri: 'http://127.0.0.1:4100' })).not.toHaveProperty(
      'client_uri',
    );
  });
});
