// A server that moves to another authorization server: what belongs to the old one never reaches the new one.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHub, type TestHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';

let hub: TestHub;
let old: RunningProvider;
let next: RunningProvider;

beforeEach(async () => {
  [hub, old, next] = await Promise.all([startHub(), startProvider('sentry'), startProvider('granola')]);
});
afterEach(async () => {
  await hub.close();
  await old.close();
  await next.close();
});

const make = () =>
  hub.ok('POST', '/api/connectors', { name: 'Moving', url: old.mcpUrl, authType: 'oauth', credentialMode: 'shared' });
const move = (): void => {
  old.faults.resourceMetadata = { authorization_servers: [next.issuer] };
};

test('a 401 re-reads the metadata first, and the old refresh token is sent to nobody', async () => {
  const made = await make();
  await hub.connect(made.id);
  await old.expireAccessTokens();
  move();
  old.clearRequests();
  const answer = await hub.api('POST', `/api/connectors/${made.id}/sync`);
  expect(answer).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
  expect(answer.body.detail).toContain(next.issuer);
  expect(old.count(/oauth-protected-resource/)).toBeGreaterThan(0);
  expect(old.count('/token')).toBe(0);
  expect(next.count('/token')).toBe(0);
});

test('connecting again registers at the new authorization server and uses nothing of the old one', async () => {
  const made = await make();
  await hub.connect(made.id);
  await old.expireAccessTokens();
  move();
  await hub.api('POST', `/api/connectors/${made.id}/sync`);
  const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`);
  const out = await hub.browser().follow(connectUrl, (to) => to.origin === next.origin);
  expect(out.url.origin).toBe(next.origin);
  expect(next.count(/register/, 'POST')).toBe(1);
  const client = out.url.searchParams.get('client_id') ?? '';
  expect(next.secretsIssued.size).toBeGreaterThan(0);
  expect(old.requests.some((request) => request.query.includes(client))).toBe(false);
  for (const secret of old.secretsIssued) {
    for (const request of next.requests) expect(JSON.stringify(request)).not.toContain(secret);
  }
});

test('a code goes to the token endpoint that was recorded when the flow began, whatever the metadata says since', async () => {
  const made = await make();
  const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`);
  const browser = hub.browser();
  const back = await browser.follow(connectUrl, (to) => to.pathname === '/oauth/callback');
  move();
  old.faults.serverMetadata = { token_endpoint: `${next.origin}/token` };
  old.clearRequests();
  await hub.consent(back.url.href, browser);
  expect(old.count('/token', 'POST')).toBe(1);
  expect(next.count('/token')).toBe(0);
});
