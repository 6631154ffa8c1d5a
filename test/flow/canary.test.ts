// S3: no secret that ever passed is found in the data folder, the logs, any answer, any URL, any error.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';

let hub: TestHub;
let sentry: RunningProvider;
let render: RunningProvider;

beforeAll(async () => {
  [hub, sentry, render] = await Promise.all([startHub(), startProvider('sentry'), startProvider('render')]);
});
afterAll(async () => {
  await hub?.close();
  await sentry?.close();
  await render?.close();
});

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('S3 a life with every kind of secret leaves none of them anywhere', async () => {
  const canaries = {
    bearer: 'canary-bearer-1f3a',
    apiKey: 'canary-apikey-2b7c',
    header: 'canary-header-3d9e',
    clientSecret: 'canary-clientsecret-4c1d',
    agentSecret: 'canary-agentsecret-5e2f',
  };
  const agent = await hub.ok('POST', '/api/agents', { name: 'Canary' });
  const shape = { url: render.mcpUrl, credentialMode: 'shared' };
  await hub.ok('POST', '/api/connectors', {
    name: 'B',
    ...shape,
    authType: 'bearer',
    secret: canaries.bearer,
    headers: { 'X-T': canaries.header },
  });
  await hub.ok('POST', '/api/connectors', {
    name: 'K',
    ...shape,
    authType: 'api_key_header',
    headerName: 'X-Key',
    secret: canaries.apiKey,
  });
  const own = await hub.ok('POST', '/api/connectors', {
    name: 'A',
    url: render.mcpUrl,
    authType: 'bearer',
    credentialMode: 'per_agent',
  });
  await hub.ok('PUT', `/api/agents/${agent.id}/credentials/${own.id}`, { secret: canaries.agentSecret });

  const made = await hub.ok('POST', '/api/connectors', {
    name: 'O',
    url: sentry.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
  });
  await hub.connect(made.id);
  await sentry.expireAccessTokens();
  await hub.ok('POST', `/api/connectors/${made.id}/sync`, {});
  await hub.connect(made.id);

  // Every way in which it can go wrong, one after the other.
  const wrong = await hub.ok('POST', '/api/connectors', {
    name: 'W',
    url: sentry.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
    oauth: { clientId: 'canary-clientid-6a7b', clientSecret: canaries.clientSecret },
  });
  await hub.connect(wrong.id).catch(() => undefined);
  for (const faults of [
    { html: { token: true } },
    { answer: { token: { status: 500, body: 'x' } } },
    { dropAfter: { token: 1 } },
    { html: { mcp: true } },
    {
      answer: {
        registration: {
          status: 400,
          headers: { 'content-type': 'application/json' },
          body: '{"error":"invalid_client_metadata"}',
        },
      },
    },
  ]) {
    Object.assign(sentry.faults, faults);
    await hub.connect(made.id).catch(() => undefined);
    await hub.api('POST', `/api/connectors/${made.id}/sync`, {});
    for (const fault of Object.keys(sentry.faults)) delete (sentry.faults as Record<string, unknown>)[fault];
  }
  await hub.api('PATCH', `/api/connectors/${own.id}`, {
    secret: canaries.bearer,
    headers: { 'bad name': canaries.header },
  });
  await hub.api('POST', '/api/connectors', {
    name: 'Z',
    url: `http://user:${canaries.bearer}@127.0.0.1/`,
    authType: 'none',
  });
  await hub.api('PUT', `/api/agents/${agent.id}/credentials/${own.id}`, { secret: `${canaries.agentSecret}\nx` });
  const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
  const browser = new Browser();
  const back = await browser.follow(connectUrl, (next) => next.pathname === '/oauth/callback');
  back.url.searchParams.set('iss', 'https://evil.example');
  hub.seen.push((await browser.get(back.url.href)).text);
  for (const path of [
    '/api/connectors?limit=200',
    `/api/connectors/${made.id}/transcript?limit=200`,
    `/api/connectors/${wrong.id}/transcript?limit=200`,
    '/api/audit?limit=200',
    `/api/agents/${agent.id}/connectors`,
    '/api/tokens',
    '/metrics',
    '/api/openapi.json',
  ]) {
    await hub.api('GET', path);
  }
  await hub.ok('DELETE', `/api/connectors/${made.id}/credential`);
  const key = await readFile(`${hub.folder}/encryption.key`, 'utf8');
  await hub.stop();

  const secrets = [...Object.values(canaries), 'canary-clientid-6a7b', ...sentry.secretsIssued].filter(
    (secret) => secret.length >= 12,
  );
  expect(secrets.length).toBeGreaterThan(15);
  const places: [string, string][] = [
    ['an answer', hub.seen.join('\n')],
    ['the log', hub.logged.join('\n')],
  ];
  for (const file of await filesBelow(hub.folder)) places.push([file, (await readFile(file)).toString('latin1')]);
  expect(places.length).toBeGreaterThan(3);
  for (const [place, text] of places) {
    for (const secret of secrets) {
      expect(text.includes(secret), `${secret.slice(0, 6)}… stands in ${place}`).toBe(false);
    }
    if (!place.endsWith('encryption.key'))
      expect(text.includes(key.trim().split(':')[1] ?? 'x'), `the key stands in ${place}`).toBe(false);
  }
  // The provider's own requests show where else a secret went: never into a URL of an MCP, token or registration request.
  for (const request of [...sentry.requests, ...render.requests]) {
    if (request.path.startsWith('/authorize')) continue;
    for (const secret of secrets)
      expect(request.query.includes(secret), `${request.path} has a secret in its query`).toBe(false);
  }
});
