import { describe, expect, test } from 'vitest';
import { fetchAuthorizationServer } from '../../src/oauth/authorization-server-metadata.ts';
import type { ServerRequirements } from '../../src/oauth/types.ts';
import { failure, html, json, plain, scripted } from './scripted.ts';

const ISSUER = 'https://as.example/t1';
const [FIRST, SECOND, THIRD] = [
  'https://as.example/.well-known/oauth-authorization-server/t1',
  'https://as.example/.well-known/openid-configuration/t1',
  'https://as.example/t1/.well-known/openid-configuration',
] as const;
const DOCUMENT = {
  issuer: ISSUER,
  authorization_endpoint: 'https://as.example/t1/authorize?tenant=1',
  token_endpoint: 'https://as.example/t1/token',
  code_challenge_methods_supported: ['plain', 'S256'],
};
const STRICT: ServerRequirements = { allowMissingPkce: false };
const read = (document: object, requirements: ServerRequirements = STRICT) =>
  fetchAuthorizationServer(scripted({ [FIRST]: json(document) }), ISSUER, requirements);
const { code_challenge_methods_supported: _, ...WITHOUT_PKCE } = DOCUMENT;

describe('the places of an issuer', () => {
  test.each<[string, () => Response]>([
    ['404', () => plain(404)],
    ['401', () => plain(401)],
    ['403', () => plain(403)],
    ['502', () => plain(502)],
    ['a page', () => html()],
    ['other JSON', () => json({ status: 'ok' })],
  ])('are tried one after another past %s, and the root of another issuer never', async (__, absent) => {
    const exchange = scripted({ [FIRST]: absent, [SECOND]: absent, [THIRD]: json(DOCUMENT) });
    expect(await fetchAuthorizationServer(exchange, ISSUER, STRICT)).toEqual({
      server: DOCUMENT,
      metadataUrl: THIRD,
      warnings: [],
    });
    expect(exchange.urls()).toEqual([FIRST, SECOND, THIRD]);
  });

  test.each([
    [500, 'upstream_http_error'],
    [503, 'upstream_http_error'],
    [429, 'upstream_rate_limited'],
  ])('end at HTTP %i: nothing is known then', async (status, code) => {
    const exchange = scripted({ [FIRST]: plain(status) });
    expect((await failure(() => fetchAuthorizationServer(exchange, ISSUER, STRICT))).code).toBe(code);
  });

  test('that all have nothing make an error that names them', async () => {
    const error = await failure(() =>
      fetchAuthorizationServer(
        scripted({}, () => plain(404)),
        ISSUER,
        STRICT,
      ),
    );
    expect(error.code).toBe('metadata_invalid');
    for (const url of [FIRST, SECOND, THIRD]) expect(error.message).toContain(url);
  });
});

describe('a document', () => {
  test.each([
    ['https://evil.example/t1'],
    ['https://as.example/t1/'],
    ['https://AS.example/t1'],
    ['https://as.example:443/t1'],
    ['https://as.example/%741'],
    [''],
    [null],
  ])('that names the issuer %j is refused, and the next place is not tried', async (issuer) => {
    const exchange = scripted({ [FIRST]: json({ ...DOCUMENT, issuer }) });
    expect((await failure(() => fetchAuthorizationServer(exchange, ISSUER, STRICT))).code).toBe('issuer_mismatch');
    expect(exchange.urls()).toEqual([FIRST]);
  });

  test.each([[undefined], [[]], [['plain']], ['S256']])(
    'with code_challenge_methods_supported %j is refused',
    async (methods) => {
      const document = { ...WITHOUT_PKCE, code_challenge_methods_supported: methods };
      expect((await failure(() => read(document))).code).toBe('pkce_not_supported');
      expect((await read(document, { allowMissingPkce: true })).warnings).toEqual([expect.stringContaining('PKCE')]);
      expect((await read(document, { allowMissingPkce: false, grant: 'client_credentials' })).warnings).toEqual([]);
    },
  );

  test.each([
    ['authorization_endpoint', undefined],
    ['token_endpoint', undefined],
    ['authorization_endpoint', 'javascript:alert(document.cookie)'],
    ['authorization_endpoint', 'data:text/html,x'],
    ['authorization_endpoint', '/authorize'],
    ['authorization_endpoint', 'https://user:pass@as.example/a'],
    ['authorization_endpoint', 'https://as.example/a#fragment'],
    ['token_endpoint', 'file:///etc/passwd'],
    ['token_endpoint', 'ftp://as.example/t'],
    ['token_endpoint', { url: 'https://as.example' }],
    ['token_endpoint', `https://as.example/${'a'.repeat(5_000)}`],
  ])('with %s %j is refused', async (field, value) => {
    const error = await failure(() => read({ ...DOCUMENT, [field]: value }));
    expect(error.code).toBe('metadata_invalid');
    expect(error.message).toContain(field);
  });

  test.each(['registration_endpoint', 'revocation_endpoint'])(
    'loses a %s that is no URL, with a warning',
    async (field) => {
      const { server, warnings } = await read({ ...DOCUMENT, [field]: 'javascript:alert(1)' });
      expect(server).toEqual(DOCUMENT);
      expect(warnings).toEqual([expect.stringContaining(field)]);
    },
  );

  test('may send the browser to plain http only where that was approved', async () => {
    const document = { ...DOCUMENT, authorization_endpoint: 'http://localhost:9000/authorize' };
    expect((await failure(() => read(document))).code).toBe('metadata_invalid');
    const allowHttp = (url: URL): boolean => url.hostname === 'localhost';
    expect((await read(document, { ...STRICT, allowHttp })).server.authorization_endpoint).toBe(
      document.authorization_endpoint,
    );
    const elsewhere = { ...DOCUMENT, authorization_endpoint: 'http://as.example/authorize' };
    expect((await failure(() => read(elsewhere, { ...STRICT, allowHttp }))).code).toBe('metadata_invalid');
  });

  test('keeps the members that matter, of the right type, and nothing else', async () => {
    const kept = {
      ...DOCUMENT,
      registration_endpoint: 'https://as.example/register',
      revocation_endpoint: 'https://as.example/revoke',
      token_endpoint_auth_methods_supported: ['none'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256'],
      grant_types_supported: ['authorization_code'],
      scopes_supported: ['a'],
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
      dpop_signing_alg_values_supported: ['ES256'],
    };
    const { server } = await read({ ...kept, jwks_uri: 'https://as.example/jwks', 'x-extra': { secret: 1 } });
    expect(server).toEqual(kept);
    const wrong = await read({
      ...DOCUMENT,
      scopes_supported: 'a b',
      grant_types_supported: [],
      client_id_metadata_document_supported: 'true',
    });
    expect(wrong.server).toEqual(DOCUMENT);
  });
});
