// Credentials of an agent's own: an API key for each of two agents, and OAuth with its three card states.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { decide, openStage, type Stage } from './stage.ts';

let stage: Stage;
let render: RunningProvider;
let granola: RunningProvider;
let page: Page;
const agents: Record<string, string> = {};

beforeAll(async () => {
  [stage, render, granola] = await Promise.all([
    openStage(),
    startProvider('render'),
    startProvider('granola', { autoApprove: false }),
  ]);
  page = await stage.owner();
  for (const name of ['Deployer', 'Auditor']) agents[name] = (await stage.hub.ok('POST', '/api/agents', { name })).id;
});
afterAll(async () => {
  await stage?.close();
  await render?.close();
  await granola?.close();
});

const card = (name: string) => page.getByRole('list', { name: 'Connectors' }).locator('> li').filter({ hasText: name });

describe('P4: a server that takes one API key for each agent', () => {
  const keys: Record<string, string> = {};

  test('S19: no token is asked for where each agent has its own, and none is sent', async () => {
    await page.goto(`${stage.hub.url}/connectors/new`);
    await page.getByLabel('URL of the MCP server').fill(render.mcpUrl);
    await page.getByRole('region', { name: 'Preflight' }).getByText('24 tools, listed without a credential').waitFor();
    await page.getByLabel('Name').fill('Render');
    await page.getByLabel('Authentication').selectOption('bearer');
    await page.getByLabel('Token', { exact: true }).fill('rnd_never_sent');
    await page.getByRole('radio', { name: /Per agent/ }).check();
    expect(await page.getByLabel('Token', { exact: true }).count()).toBe(0);
    expect(await page.getByText('OAuth by hand').count()).toBe(0);
    const saved = page.waitForRequest(
      (request) => request.url().endsWith('/api/connectors') && request.method() === 'POST',
    );
    await page.getByRole('button', { name: 'Save connector' }).click();
    expect((await saved).postDataJSON()).toEqual({
      name: 'Render',
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'per_agent',
    });
    await page.getByRole('heading', { name: 'Render', level: 1 }).waitFor();
  });

  test.each(['Deployer', 'Auditor'])(
    'S21: %s gets a key of its own in a password field, and its tools appear',
    async (name) => {
      keys[name] = render.apiKeys?.issue(`${name.toLowerCase()}@example.test`) ?? '';
      await page.goto(`${stage.hub.url}/agents/${agents[name]}`);
      const field = card('Render').getByLabel('Token for Render');
      expect(await field.getAttribute('type')).toBe('password');
      expect(await field.getAttribute('autocomplete')).toBe('off');
      await field.fill(keys[name]);
      await card('Render').getByRole('button', { name: 'Save' }).click();
      await card('Render').getByText('Token configured').waitFor();
      await card('Render').getByRole('checkbox', { name: 'list_workspaces' }).check();
      await page.getByText('Saved', { exact: true }).waitFor();
      expect(await page.content()).not.toContain(keys[name]);
    },
  );

  test.each(['Deployer', 'Auditor'])('S2: %s calls with its own key', async (name) => {
    await page.goto(`${stage.hub.url}/agents/${agents[name]}?tab=try`);
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('The tool answered').waitFor();
    await page.getByText(`${name.toLowerCase()}@example.test`).first().waitFor();
  });

  test('S18: the stored secret is never filled in, and an empty one keeps it', async () => {
    const { hub } = stage;
    const secret = render.apiKeys?.issue('shared@example.test') ?? '';
    await hub.ok('POST', '/api/connectors', {
      name: 'Shared',
      url: render.mcpUrl,
      authType: 'bearer',
      credentialMode: 'shared',
      secret,
    });
    await page.goto(`${hub.url}/connectors/shared?tab=settings`);
    expect(await page.getByLabel('Token', { exact: true }).inputValue()).toBe('');
    await page.getByLabel('Name').fill('Shared cloud');
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await page.getByRole('button', { name: 'Save changes' }).click();
    expect((await sent).postDataJSON()).not.toHaveProperty('secret');
    await page.getByRole('heading', { name: 'Shared cloud', level: 1 }).waitFor();
    const called = await hub.ok('POST', '/api/connectors/shared/requests', {
      method: 'tools/call',
      params: { name: 'list_workspaces', arguments: {} },
    });
    expect(called.result.structuredContent.whoami.account).toBe('shared@example.test');
  });
});

describe('P3: a server where each agent signs in by OAuth', () => {
  beforeAll(async () => {
    await stage.hub.ok('POST', '/api/connectors', {
      name: 'Granola',
      url: granola.mcpUrl,
      authType: 'oauth',
      credentialMode: 'per_agent',
    });
  });

  test('S21: not connected, it is a grey card with Connect; connected, it offers its tools', async () => {
    await page.goto(`${stage.hub.url}/agents/${agents.Deployer}`);
    await card('Granola').getByText('Not connected for this agent').waitFor();
    expect(await card('Granola').getByRole('checkbox').count()).toBe(0);
    await card('Granola').getByRole('button', { name: 'Connect Granola' }).click();
    await page.waitForURL(`${granola.origin}/**`);
    await decide(page, 'Allow');
    await page.waitForURL(`${stage.hub.url}/agents/${agents.Deployer}**`);
    await card('Granola').getByText('Connected', { exact: true }).waitFor();
    expect(await card('Granola').getByRole('checkbox').count()).toBeGreaterThanOrEqual(4);
  });

  test('a link sent to somebody else connects the other agent, and the page learns of it by itself', async () => {
    await page.goto(`${stage.hub.url}/connectors/granola?tab=agents`);
    const row = page.getByRole('listitem').filter({ hasText: 'Auditor' });
    await row.getByRole('button', { name: /Send a connect link/ }).click();
    const link = await page.getByRole('dialog').locator('code').textContent();
    const somebody = await stage.visitor();
    await somebody.goto(link ?? '');
    await decide(somebody, 'Allow');
    await somebody.waitForURL(`${stage.hub.url}/**`);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await row.getByText('Connected').waitFor();
  });
});

test('no page broke the content security policy or threw', () => {
  expect(stage.complaints).toEqual([]);
});
