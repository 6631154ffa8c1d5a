// The first quarter of an hour: set-up, a provider by OAuth, an agent with tools and a key, and the agent's first call.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { decide, OWNER, openStage, type Stage, setupCode } from './stage.ts';

let stage: Stage;
let linear: RunningProvider;
let page: Page;

beforeAll(async () => {
  [stage, linear] = await Promise.all([openStage(), startProvider('linear', { autoApprove: false })]);
  page = await stage.visitor();
});
afterAll(async () => {
  await stage?.close();
  await linear?.close();
});

test('a visitor of a new hub is asked for the one-time code, and becomes its owner', async () => {
  const code = await setupCode(stage.hub);
  await page.goto(stage.hub.url);
  await page.waitForURL('**/setup');
  await page.getByLabel('One-time code').fill('not-the-code');
  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Set up' }).click();
  await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/code/i);
  await page.getByLabel('One-time code').fill(code);
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByRole('heading', { name: 'Connect your first server' }).waitFor();
});

test('S6, F1: a pasted URL is looked at, saved, and goes on to the provider’s own consent page', async () => {
  await page.getByRole('link', { name: 'Add connector' }).first().click();
  await page.getByLabel('URL of the MCP server').fill(linear.mcpUrl);
  const preflight = page.getByRole('region', { name: 'Preflight' });
  await preflight.getByText('By itself, nothing to do').waitFor();
  expect(await preflight.textContent()).toContain('Likely: it gives refresh tokens');
  await page.getByLabel('Name').fill('Linear');
  await page.getByRole('button', { name: 'Save and connect' }).click();
  await page.waitForURL(`${linear.origin}/**`);
  await decide(page, 'Allow');
  await page.waitForURL(`${stage.hub.url}/connectors/**`);
  await page.getByText('The sign-in went well.').waitFor();
  await page.getByText('45 tools, synced').waitFor();
});

test('an agent gets two tools and a key, and an official client calls a tool with the pasted configuration', async () => {
  await page.getByRole('link', { name: 'Agents', exact: true }).first().click();
  await page.getByRole('button', { name: 'New agent' }).first().click();
  await page.getByLabel('Name').fill('Release notes');
  await page.getByRole('button', { name: 'Make agent' }).click();
  await page.getByRole('checkbox', { name: 'list_issues' }).check();
  await page.getByRole('checkbox', { name: 'list_teams' }).check();
  await page.getByText('Saved', { exact: true }).waitFor();

  await page.getByRole('link', { name: 'See as this agent' }).click();
  await page.getByText('linear__list_teams').waitFor();
  await page.getByRole('link', { name: 'Keys and clients' }).click();
  await page.getByRole('button', { name: 'Create key' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click();
  const file = page.getByRole('region', { name: 'configuration with the key for .mcp.json' });
  const { mcpServers } = JSON.parse((await file.textContent()) ?? '');
  await page.getByRole('button', { name: 'Done' }).click();

  const { url, headers } = mcpServers.chatelaine;
  const client = new Client({ name: 'official', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  expect((await client.listTools()).tools.map(({ name }) => name).sort()).toEqual([
    'linear__list_issues',
    'linear__list_teams',
  ]);
  const called = await client.callTool({ name: 'linear__list_teams', arguments: {} });
  expect(called.structuredContent).toMatchObject({ whoami: { account: 'ada@example.test' } });
  await client.close();
  // The key was shown once: the page knows only how it begins.
  await page.reload();
  const key = headers.Authorization.replace('Bearer ', '');
  await page
    .getByRole('listitem')
    .filter({ hasText: key.slice(0, 6) })
    .first()
    .waitFor();
  expect(await page.content()).not.toContain(key);
});

test('“Try a tool” runs as the agent, with a form made from the tool’s schema', async () => {
  await page.getByRole('link', { name: 'Try a tool' }).click();
  await page.getByLabel('Tool', { exact: true }).selectOption('linear__list_issues');
  await page.getByLabel('limit').first().fill('2');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('The tool answered').waitFor();
  await page.getByRole('region', { name: 'structured result' }).getByText('ada@example.test').waitFor();
});

test('the calls appear under Activity', async () => {
  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByRole('region', { name: 'Last calls' }).getByText('list_teams').first().waitFor();
});

test('no page broke the content security policy or threw', () => {
  expect(stage.complaints).toEqual([]);
});
