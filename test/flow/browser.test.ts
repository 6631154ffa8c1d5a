// A person in a real Chromium: opens the link, clicks Allow or Deny at the provider, reads how it went.

import type { Browser as Chromium, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../setup/chromium.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';

let hub: TestHub;
let provider: RunningProvider;
let chromium: Chromium;
let page: Page;

beforeAll(async () => {
  [hub, provider, chromium] = await Promise.all([
    startHub(),
    startProvider('linear', { autoApprove: false }),
    launchChromium(),
  ]);
  page = await chromium.newPage();
});
afterAll(async () => {
  await chromium?.close();
  await hub?.close();
  await provider?.close();
});

const link = async (id: string, agentId?: string): Promise<string> =>
  (await hub.ok('POST', `/api/connectors/${id}/connect`, { agentId })).connectUrl;

test('a click on Allow ends at the hub with the tools listed', async () => {
  const made = await hub.ok('POST', '/api/connectors', { name: 'Linear', url: provider.mcpUrl });
  await page.goto(await link(made.id));
  expect(page.url()).toContain(provider.origin);
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.waitForURL(`${hub.url}/**`);
  expect(await page.getByRole('heading').textContent()).toBe('Connected');
  expect(await hub.ok('GET', '/api/connectors/linear')).toMatchObject({
    credential: { state: 'usable' },
    tools: { count: 45 },
  });
});

test('a click on Deny ends on the agent’s page with the provider’s words', async () => {
  const agent = await hub.ok('POST', '/api/agents', { name: 'Denied' });
  const made = await hub.ok('POST', '/api/connectors', {
    name: 'Mine',
    url: provider.mcpUrl,
    authType: 'oauth',
    credentialMode: 'per_agent',
  });
  await page.goto(await link(made.id, agent.id));
  await page.getByRole('button', { name: 'Deny' }).click();
  await page.waitForURL(`${hub.url}/agents/${agent.id}**`);
  expect(await page.getByRole('heading').textContent()).toBe('Authorization was denied');
  expect(await page.locator('blockquote').textContent()).toContain('access_denied');
});

test('a link that another browser opened first says what to do', async () => {
  const url = await link('linear');
  await (await chromium.newContext()).newPage().then((other) => other.goto(url));
  await page.goto(url);
  expect(await page.locator('main').textContent()).toMatch(/another browser.*new link/s);
});
