import { describe, expect, test } from 'vitest';
import { ChatelaineError } from '../../src/errors.ts';
import { discover, manualServer } from '../../src/oauth/discovery.ts';
import type { AuthorizationServer, BearerChallenge, DiscoveryInput } from '../../src/oauth/types.ts';
import { failure, html, json, plain, type Scripted, scripted } from './scripted.ts';

const SERVER = 'https://mcp.example/mcp';
const ISSUER = 'https://as.example';
const PATH_PRM = 'https://mcp.example/.well-known/oauth-protected-resource/mcp';
const ROOT_PRM = 'https://mcp.example/.well-known/oauth-protected-resource';
const AS_META = 'https://as.example/.well-known/oauth-authorization-server';
const AS_OIDC = 'https://as.example/.well-known/openid-configuration';
const ORIGIN_META = 'https://mcp.example/.well-known/oauth-authorization-server';

const prm = (more: object = {}) => json({ resource: SERVER, authorization_servers: [ISSUER], ...more });
const metadata = (issuer: string = ISSUER, more: object = {}) =>
  json({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    code_challenge_methods_supported: ['S256'],
    ...more,
  });
const challenge = (more: Partial<BearerChallenge> = {}): BearerChallenge => ({
  scheme: 'bearer',
  resourceMetadata: null,
  scope: null,
  error: null,
  errorDescription: null,
  realm: null,
  ...more,
});
const INPUT: DiscoveryInput = {
  serverUrl: SERVER,
  challenge: null,
  pinnedIssuer: null,
  allowLegacy: true,
  allowDefaultEndpoints: false,
  allowMissingPkce: false,
};
const run = (exchange: Scripted, input: Partial<DiscoveryInput> = {}) => discover(exchange, { ...INPUT, ...input });
const refused = (exchange: Scripted, input: Partial<DiscoveryInput> = {}) => failure(() => run(exchange, input));

describe('protected resource metadata', () => {
  test('is read exactly where the challenge says, and nowhere else', async () => {
    const exchange = scripted({ 'https://mcp.example/custom/x.json?v=1': prm(), [AS_META]: metadata() });
    const found = await run(exchange, {
      challenge: challenge({ resourceMetadata: 'https://mcp.example/custom/x.json?v=1', scope: 'a' }),
    });
    expect(exchange.urls()).toEqual(['https://mcp.example/custom/x.json?v=1', AS_META]);
    expect(found).toMatchObject({
      mode: 'protected_resource_metadata',
      issuer: ISSUER,
      metadataUrl: AS_META,
      fromCache: false,
      resource: SERVER,
      resourceMetadataUrl: 'https://mcp.example/custom/x.json?v=1',
      challengedScope: 'a',
      warnings: [],
    });
  });

  test('is not looked for at the root when the path has it', async () => {
    const exchange = scripted({ [PATH_PRM]: prm(), [AS_META]: metadata() });
    await run(exchange);
    expect(exchange.urls()).toEqual([PATH_PRM, AS_META]);
  });

  test.each([401, 403, 404, 405, 410])('is looked for at the root when the path answers %i', async (status) => {
    const exchange = scripted({
      [PATH_PRM]: plain(status),
      [ROOT_PRM]: prm({ resource: 'https://mcp.example' }),
      [AS_META]: metadata(),
    });
    expect(await run(exchange)).toMatchObject({ resource: 'https://mcp.example', resourceMetadataUrl: ROOT_PRM });
  });

  test.each<[string, Response]>([
    ['an HTML page', html()],
    ['JSON about something else', json({ error: 'no such page' })],
    ['a JSON list', json([1])],
  ])('is not taken from %s', async (_, answer) => {
    const exchange = scripted({ [PATH_PRM]: answer, [ROOT_PRM]: prm(), [AS_META]: metadata() });
    expect((await run(exchange)).resourceMetadataUrl).toBe(ROOT_PRM);
  });

  test.each([
    [500, 'upstream_http_error'],
    [502, 'upstream_http_error'],
    [503, 'upstream_http_error'],
    [408, 'upstream_http_error'],
    [429, 'upstream_rate_limited'],
  ])('with HTTP %i is a fault of the moment, never absence', async (status, code) => {
    const exchange = scripted({ [PATH_PRM]: plain(status, { 'retry-after': '7' }) });
    const error = await refused(exchange);
    expect([error.code, error.details.upstreamStatus, error.details.retryAfterSeconds]).toEqual([code, status, 7]);
    expect(exchange.urls()).toEqual([PATH_PRM]);
  });

  test('out of reach passes the network fault on unchanged', async () => {
    const fault = new ChatelaineError('upstream_unreachable', 'down');
    const exchange = {
      fetch: () => Promise.reject(fault),
    };
    await expect(discover(exchange, INPUT)).rejects.toBe(fault);
  });

  test('is asked for where it was last time when there is no challenge', async () => {
    const exchange = scripted({ 'https://mcp.example/custom': prm(), [AS_META]: metadata() });
    await run(exchange, { knownResourceMetadataUrl: 'https://mcp.example/custom' });
    expect(exchange.urls()[0]).toBe('https://mcp.example/custom');
    const challenged = scripted({ [PATH_PRM]: prm(), [AS_META]: metadata() });
    await run(challenged, { knownResourceMetadataUrl: 'https://mcp.example/custom', challenge: challenge() });
    expect(challenged.urls()[0]).toBe(PATH_PRM);
  });

  test('is looked for at the well-known places when the named one has gone, with a warning', async () => {
    const exchange = scripted({ 'https://mcp.example/gone': plain(404), [PATH_PRM]: prm(), [AS_META]: metadata() });
    const found = await run(exchange, { challenge: challenge({ resourceMetadata: 'https://mcp.example/gone' }) });
    expect(found.warnings).toEqual([expect.stringContaining('/gone')]);
  });

  test.each([
    '/relative',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://u:p@mcp.example/x',
    'https://mcp.example/#f',
    'https://a b',
  ])('is never fetched from %s', async (resourceMetadata) => {
    const exchange = scripted({ [PATH_PRM]: prm(), [AS_META]: metadata() });
    const found = await run(exchange, { challenge: challenge({ resourceMetadata }) });
    expect(exchange.urls()).toEqual([PATH_PRM, AS_META]);
    expect(found.warnings).toHaveLength(1);
  });

  test.each([
    ['https://mcp.example/mcp', 'https://mcp.example/mcp', true],
    ['https://mcp.example/mcp', 'https://MCP.example:443/mcp/', true],
    ['https://mcp.example/mcp/v1', 'https://mcp.example/mcp', true],
    ['https://mcp.example/mcp/v1', 'https://mcp.example', true],
    ['https://mcp.example/mcp?t=1', 'https://mcp.example/mcp?t=1', true],
    ['https://mcp.example/mcp', 'https://evil.example/mcp', false],
    ['https://mcp.example/mcp', 'http://mcp.example/mcp', false],
    ['https://mcp.example/mcp', 'https://mcp.example:8443/mcp', false],
    ['https://mcp.example/mcp', 'https://mcp.example/mcp/v1', false],
    ['https://mcp.example/mcp-other', 'https://mcp.example/mcp', false],
    ['https://mcp.example/mcp', 'https://mcp.example/mcp?t=1', false],
    ['https://mcp.example/mcp', 'https://mcp.example/mcp#f', false],
    ['https://mcp.example/mcp', 'https://u@mcp.example/mcp', false],
    ['https://mcp.example/mcp', 42, false],
    ['https://mcp.example/mcp', undefined, false],
  ])('of %s about %s: usable is %s', async (serverUrl, resource, usable) => {
    const exchange = scripted({ 'https://mcp.example/prm': prm({ resource }), [AS_META]: metadata() });
    const outcome = run(exchange, { serverUrl, challenge: challenge({ resourceMetadata: 'https://mcp.example/prm' }) });
    if (usable) expect((await outcome).resource).toBe(resource);
    else {
      expect((await failure(() => outcome)).code).toBe('resource_mismatch');
      expect(exchange.urls()).toEqual(['https://mcp.example/prm']);
    }
  });

  test('tells its name, scopes and bearer methods, and what will not work', async () => {
    const document = {
      resource_name: 'The\nServer',
      scopes_supported: ['a', 5, 'b', 'c\u0000'],
      bearer_methods_supported: ['body'],
      dpop_bound_access_tokens_required: true,
    };
    const found = await run(scripted({ [PATH_PRM]: prm(document), [AS_META]: metadata() }));
    expect(found).toMatchObject({ resourceName: 'The Server', scopesSupported: ['a', 'b'], bearerMethods: ['body'] });
    expect(found.warnings.join()).toMatch(/bearer methods.*DPoP/s);
  });
});

describe('the authorization server', () => {
  const OTHER = 'https://other.example';

  test.each<[string, Partial<DiscoveryInput>, string]>([
    ['the first', {}, ISSUER],
    ['one we hold credentials for', { preferredIssuers: ['https://unknown.example', OTHER] }, OTHER],
    ['the pinned one', { pinnedIssuer: OTHER, preferredIssuers: [ISSUER] }, OTHER],
    ['the pinned one, though typed with a slash', { pinnedIssuer: `${OTHER}/` }, OTHER],
  ])('of several is %s', async (_, input, issuer) => {
    const exchange = scripted({
      [PATH_PRM]: prm({ authorization_servers: [ISSUER, OTHER] }),
      [AS_META]: metadata(),
      [`${OTHER}/.well-known/oauth-authorization-server`]: metadata(OTHER),
    });
    expect((await run(exchange, input)).issuer).toBe(issuer);
  });

  test('must be among those the server names when it is pinned', async () => {
    const exchange = scripted({ [PATH_PRM]: prm() });
    expect(await refused(exchange, { pinnedIssuer: OTHER })).toMatchObject({
      code: 'issuer_mismatch',
      details: { field: 'oauth.issuer' },
    });
  });

  test.each([
    [undefined],
    [[]],
    ['https://as.example'],
    [['javascript:alert(1)', 'as.example', 'https://as.example/?q', 5]],
  ])('is missing from authorization_servers %j', async (authorization_servers) => {
    const exchange = scripted({ [PATH_PRM]: prm({ authorization_servers }) });
    expect((await refused(exchange)).code).toBe('metadata_invalid');
    expect(exchange.urls()).toEqual([PATH_PRM]);
  });

  test('known already is not asked again, but must meet this connector’s requirements', async () => {
    const server: AuthorizationServer = {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/a`,
      token_endpoint: `${ISSUER}/t`,
    };
    const cachedServer = async (issuer: string) => (issuer === ISSUER ? server : null);
    const found = await run(scripted({ [PATH_PRM]: prm() }), { cachedServer, allowMissingPkce: true });
    expect(found).toMatchObject({ server, fromCache: true, metadataUrl: null });
    expect((await refused(scripted({ [PATH_PRM]: prm() }), { cachedServer })).code).toBe('pkce_not_supported');
  });

  test('is pinned where the MCP server names none', async () => {
    const exchange = scripted({ [AS_META]: metadata() }, () => plain(404));
    expect(await run(exchange, { pinnedIssuer: ISSUER, allowLegacy: false })).toMatchObject({
      issuer: ISSUER,
      resource: null,
    });
    expect(exchange.urls()).toEqual([PATH_PRM, ROOT_PRM, AS_META]);
  });

  test('is found by its OpenID document when the OAuth one is missing', async () => {
    const exchange = scripted({ [PATH_PRM]: prm(), [AS_META]: plain(404), [AS_OIDC]: metadata() });
    expect((await run(exchange)).metadataUrl).toBe(AS_OIDC);
  });
});

describe('a server of 2025-03-26', () => {
  test('has its metadata at its origin, and is told the revision', async () => {
    const meta = metadata('https://mcp.example', { authorization_endpoint: 'https://mcp.example/oauth/authorize' });
    const exchange = scripted({ [ORIGIN_META]: meta }, () => plain(404));
    expect(await run(exchange)).toMatchObject({
      mode: 'legacy_origin',
      issuer: 'https://mcp.example',
      server: { authorization_endpoint: 'https://mcp.example/oauth/authorize' },
      resource: null,
      scopesSupported: null,
    });
    expect(exchange.urls()).toEqual([PATH_PRM, ROOT_PRM, ORIGIN_META]);
    expect(exchange.asked[2]?.headers.get('mcp-protocol-version')).toBe('2025-03-26');
  });

  test('may spell its issuer with the slash that we had left off, and no other way', async () => {
    const slash = scripted({ [ORIGIN_META]: metadata('https://mcp.example/') }, () => plain(404));
    expect((await run(slash)).issuer).toBe('https://mcp.example/');
    const other = scripted({ [ORIGIN_META]: metadata('https://mcp.example/mcp') }, () => plain(404));
    expect((await refused(other)).code).toBe('issuer_mismatch');
  });

  test('without any metadata gets the default endpoints where OAuth was declared', async () => {
    const exchange = scripted({}, () => plain(404));
    const found = await run(exchange, { allowDefaultEndpoints: true });
    expect(found).toMatchObject({
      mode: 'legacy_endpoints',
      metadataUrl: null,
      server: {
        issuer: 'https://mcp.example',
        authorization_endpoint: 'https://mcp.example/authorize',
        token_endpoint: 'https://mcp.example/token',
        registration_endpoint: 'https://mcp.example/register',
      },
    });
    expect(found.warnings).toEqual([expect.stringContaining('PKCE')]);
  });

  test.each([404, 401, 403])(
    'is no OAuth server for answering %i everywhere, even with a challenge',
    async (status) => {
      const error = await refused(
        scripted({}, () => plain(status)),
        { challenge: challenge({ realm: 'render' }) },
      );
      expect(error.code).toBe('oauth_not_supported');
      expect(error.message).toMatch(/bearer token or an API key/);
    },
  );

  test('is not looked for where the operator switched that off', async () => {
    const exchange = scripted({}, () => plain(404));
    expect((await refused(exchange, { allowLegacy: false, allowDefaultEndpoints: true })).code).toBe(
      'oauth_not_supported',
    );
    expect(exchange.urls()).toEqual([PATH_PRM, ROOT_PRM]);
  });

  test('is not assumed when the resource metadata could not be read for the moment', async () => {
    const exchange = scripted({ [PATH_PRM]: plain(404), [ROOT_PRM]: plain(503) });
    expect((await refused(exchange, { allowDefaultEndpoints: true })).code).toBe('upstream_http_error');
    expect(exchange.urls()).toEqual([PATH_PRM, ROOT_PRM]);
  });
});

test('every place asked is told with its outcome, without the query of any URL', async () => {
  const exchange = scripted(
    { [AS_META]: metadata('https://evil.example'), [`${ROOT_PRM}`]: prm({ resource: 'https://mcp.example' }) },
    () => plain(403),
  );
  await refused(exchange, { serverUrl: `${SERVER}?api_key=hidden` });
  expect(exchange.notes).toEqual([
    { step: 'protected_resource_metadata', decision: `${PATH_PRM}?…: HTTP 403, nothing here` },
    { step: 'protected_resource_metadata', decision: `${ROOT_PRM}: used` },
    { step: 'authorization_server_metadata', decision: `${AS_META}: refused, issuer_mismatch` },
  ]);
});

describe('endpoints set by hand', () => {
  const hand = {
    issuer: null,
    authorizationEndpoint: 'https://as.example/a?x=1',
    tokenEndpoint: 'https://as.example/t',
    revocationEndpoint: null,
    serverUrl: SERVER,
  };

  test('are a server without any request; the issuer is the token endpoint’s origin unless given', () => {
    expect(manualServer(hand)).toEqual({
      issuer: 'https://as.example',
      authorization_endpoint: 'https://as.example/a?x=1',
      token_endpoint: 'https://as.example/t',
    });
    const given = manualServer({ ...hand, issuer: 'https://i.example/x', revocationEndpoint: 'https://as.example/r' });
    expect(given).toMatchObject({ issuer: 'https://i.example/x', revocation_endpoint: 'https://as.example/r' });
  });

  test.each([
    ['oauth.authorizationEndpoint', { authorizationEndpoint: 'javascript:alert(1)' }],
    ['oauth.tokenEndpoint', { tokenEndpoint: '/token' }],
    ['oauth.revocationEndpoint', { revocationEndpoint: 'https://u:p@as.example/r' }],
    ['oauth.issuer', { issuer: 'as.example' }],
  ])('are refused by the name of %s', async (field, change) => {
    expect(await failure(() => manualServer({ ...hand, ...change }))).toMatchObject({
      code: 'invalid_request',
      details: { field },
    });
  });
});
