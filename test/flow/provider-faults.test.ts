// A token endpoint that answers anything but tokens: a fault of the moment never needs a person, and the state says
// what it is. In front of it stands a relay that does to an answer what a test wants.

import { createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { type Embedded, ME, startEmbedded } from '../support/embedded.ts';
import { ADMIN_TOKEN } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { until } from '../support/until.ts';

const MINUTE = 60_000;
type Mischief = (response: ServerResponse) => void;

let hub: Embedded;
let provider: RunningProvider;
let relay: Server;
let asked = 0;
let mischief: Mischief | null = null;

beforeEach(async () => {
  [hub, provider] = await Promise.all([startEmbedded({ adminToken: ADMIN_TOKEN }), startProvider('sentry')]);
  [asked, mischief] = [0, null];
  relay = createServer((incoming, response) => {
    asked += 1;
    if (mischief !== null) {
      incoming.resume();
      incoming.on('end', () => mischief?.(response));
      return;
    }
    const { headers, method } = incoming;
    const onward = request(`${provider.origin}/token`, {
      method,
      headers: { ...headers, host: new URL(provider.origin).host },
    });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const { port } = relay.address() as AddressInfo;
  provider.faults.serverMetadata = { token_endpoint: `http://127.0.0.1:${port}/token` };
});
afterEach(async () => {
  relay.closeAllConnections();
  relay.close();
  await hub.close();
  await provider.close();
});

let names = 0;
async function connected(): Promise<string> {
  names += 1;
  const fields = {
    name: `Broken ${names}`,
    url: provider.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
  } as const;
  const { id } = await hub.hub.connectors.create(fields, ME);
  await new Browser().follow((await hub.hub.connectors.connect(id, { agentId: null, returnTo: null }, ME)).connectUrl);
  expect((await state(id)).state).toBe('usable');
  asked = 0;
  return id;
}
async function list(id: string): Promise<{ status: number; code: string }> {
  const response = await fetch(`${hub.url}/api/connectors/${id}/requests`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ method: 'tools/list' }),
  });
  const body = (await response.json()) as { code?: string };
  return { status: response.status, code: body.code ?? 'ok' };
}
const state = async (id: string) => (await hub.hub.connectors.get(id)).credential;
const answer =
  (status: number, headers: Record<string, string>, body: string | Uint8Array = ''): Mischief =>
  (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
const JSON_TYPE = { 'content-type': 'application/json' };
const GRANT = '{"error":"invalid_grant"}';

describe('while nothing valid is left, and it heals by itself afterwards', () => {
  test.each<[string, Mischief, string]>([
    [
      'HTML with 200',
      answer(200, { 'content-type': 'text/html' }, '<html>Sign in</html>'),
      'upstream_invalid_response',
    ],
    ['HTML with 403', answer(403, { 'content-type': 'text/html' }, '<html>Blocked</html>'), 'upstream_http_error'],
    ['401 without a word', answer(401, {}), 'upstream_http_error'],
    ['404', answer(404, JSON_TYPE, '{"message":"no Route matched"}'), 'upstream_http_error'],
    ['truncated JSON', answer(200, JSON_TYPE, '{"access_token":"abc'), 'upstream_invalid_response'],
    ['a list', answer(200, JSON_TYPE, '[1]'), 'upstream_invalid_response'],
    ['204', answer(204, {}), 'upstream_invalid_response'],
    ['10 MB', answer(200, JSON_TYPE, Buffer.alloc(10_000_000, 32)), 'upstream_too_large'],
    ['invalid UTF-8', answer(200, JSON_TYPE, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), 'upstream_invalid_response'],
    [
      'an access token with a line break',
      answer(200, JSON_TYPE, '{"access_token":"a\\nb","token_type":"Bearer"}'),
      'upstream_invalid_response',
    ],
    ['429 for years', answer(429, { ...JSON_TYPE, 'retry-after': '999999999' }, '{}'), 'upstream_rate_limited'],
    ['429 with a pause that is none', answer(429, { 'retry-after': 'tomorrow' }), 'upstream_rate_limited'],
    [
      '429 with a pause in the past',
      answer(429, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
      'upstream_rate_limited',
    ],
    ['429 that speaks of the grant', answer(429, JSON_TYPE, GRANT), 'upstream_rate_limited'],
    ['500 that speaks of the grant', answer(500, JSON_TYPE, GRANT), 'upstream_http_error'],
    ['503 that speaks of the client', answer(503, JSON_TYPE, '{"error":"invalid_client"}'), 'upstream_http_error'],
    ['a redirect to a sign-in page', answer(302, { location: 'https://sso.example/' }), 'upstream_redirect_refused'],
    [
      'a connection that breaks before the headers',
      (response) => void response.socket?.resetAndDestroy(),
      'upstream_unreachable',
    ],
    [
      'a connection that breaks after the headers',
      (response) => {
        response.writeHead(200, { ...JSON_TYPE, 'content-length': '100' });
        response.write('{"access_token":"', () => response.socket?.resetAndDestroy());
      },
      'upstream_unreachable',
    ],
    [
      'a status that is none',
      (response) => void response.socket?.end('HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n'),
      'upstream_invalid_response',
    ],
    [
      'something that is not HTTP',
      (response) => void response.socket?.end('SSH-2.0-OpenSSH_9.7\r\n'),
      'upstream_invalid_response',
    ],
  ])('%s', async (_what, wrong, code) => {
    const id = await connected();
    hub.clock.ahead = 61 * MINUTE;
    mischief = wrong;
    const refused = await list(id);
    expect(refused).toEqual({ status: expect.any(Number), code });
    expect(refused.status).toBeGreaterThan(500);
    expect(await state(id)).toMatchObject({ state: 'error', reason: expect.any(String) });
    // Who calls meanwhile does not ask again.
    expect((await list(id)).status).toBeGreaterThan(500);
    expect(asked).toBe(1);
    mischief = null;
    hub.clock.ahead += 5 * MINUTE;
    expect(await list(id)).toEqual({ status: 200, code: 'ok' });
    expect(await state(id)).toMatchObject({ state: 'usable', reason: null });
  });
});

test('tokens under another content type are tokens', async () => {
  const id = await connected();
  hub.clock.ahead = 61 * MINUTE;
  mischief = (response) => {
    mischief = null;
    const token = { access_token: 'plain', token_type: 'bearer', expires_in: 3600 };
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(JSON.stringify(token));
  };
  await list(id);
  expect(asked).toBeGreaterThan(0);
  expect((await state(id)).expiresAt).not.toBeNull();
});

test('a token endpoint that hangs holds up its own credential alone', { timeout: 90_000 }, async () => {
  const id = await connected();
  const other = await startProvider('linear');
  try {
    const fields = { name: 'Beside', url: other.mcpUrl, authType: 'oauth', credentialMode: 'shared' } as const;
    const beside = await hub.hub.connectors.create(fields, ME);
    const { connectUrl } = await hub.hub.connectors.connect(beside.id, { agentId: null, returnTo: null }, ME);
    await new Browser().follow(connectUrl);
    mischief = () => undefined;
    hub.clock.ahead = 61 * MINUTE;
    const hanging = Promise.all(Array.from({ length: 20 }, () => list(id)));
    await until('it hangs', () => asked > 0);
    for (let n = 0; n < 5; n += 1) expect((await list(beside.id)).status).toBe(200);
    expect(await hanging).toEqual(Array(20).fill({ status: 504, code: 'upstream_timeout' }));
    expect(asked).toBe(1);
    expect((await state(id)).state).toBe('error');
    mischief = null;
    hub.clock.ahead += 5 * MINUTE;
    expect((await list(id)).status).toBe(200);
  } finally {
    await other.close();
  }
});

describe('an authorization server', () => {
  test('whose token endpoint moved is asked where it is now, not an hour later', async () => {
    const id = await connected();
    hub.clock.ahead = 50 * MINUTE;
    // The old address is still there, and knows nothing.
    mischief = answer(404, { 'content-type': 'text/html' }, 'not here');
    provider.faults.serverMetadata = {};
    await provider.expireAccessTokens();
    expect((await list(id)).status).toBeGreaterThan(500);
    hub.clock.ahead += 6_000;
    expect((await list(id)).status).toBe(200);
    expect(asked).toBe(1);
  });

  test.each(['html', 'answer'] as const)('whose metadata is garbage (%s) is used as it was last known', async (how) => {
    const id = await connected();
    hub.clock.ahead = 130 * MINUTE;
    if (how === 'html') provider.faults.html = { serverMetadata: true };
    else provider.faults.answer = { serverMetadata: { status: 404, body: '' } };
    expect(await list(id)).toEqual({ status: 200, code: 'ok' });
    expect(asked).toBe(1);
  });

  test('that names another issuer in its metadata gets no refresh token until it names itself again', async () => {
    const id = await connected();
    hub.clock.ahead = 130 * MINUTE;
    provider.faults.mismatchedIssuer = true;
    expect((await list(id)).code).toBe('issuer_mismatch');
    expect(asked).toBe(0);
    expect((await state(id)).state).toBe('error');
    delete provider.faults.mismatchedIssuer;
    hub.clock.ahead += 5 * MINUTE;
    expect((await list(id)).status).toBe(200);
  });

  test('that no longer knows the resource is told in its own words, and asked again later', async () => {
    const id = await connected();
    hub.clock.ahead = 61 * MINUTE;
    mischief = answer(400, JSON_TYPE, '{"error":"invalid_target","error_description":"unknown resource"}');
    expect((await list(id)).code).toBe('token_request_failed');
    expect(await state(id)).toMatchObject({ state: 'error', reason: expect.stringContaining('unknown resource') });
    mischief = null;
    hub.clock.ahead += 5 * MINUTE;
    expect((await list(id)).status).toBe(200);
  });
});

test('a real revocation is asked about once, however often agents call', async () => {
  const id = await connected();
  hub.clock.ahead = 61 * MINUTE;
  mischief = answer(400, JSON_TYPE, GRANT);
  for (let hour = 0; hour < 24; hour += 1) {
    hub.clock.ahead += 60 * MINUTE;
    expect(await list(id)).toEqual({ status: 409, code: 'reauthorization_required' });
    await hub.hub.maintain();
  }
  expect(asked).toBe(1);
});
