// The first quarter of an hour: set-up, a provider by OAuth, an agent with tools and a key, and the agent's first call.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { HANDS, type Hand } from './hands.ts';
import { OWNER, openStage, type Stage, setupCode } from './stage.ts';

describe.each(HANDS)('%s', (_name, handAt) => {
  let stage: Stage;
  let linear: RunningProvider;
  let page: Page;
  let hand: Hand;

  beforeAll(async () => {
    [stage, linear] = await Promise.all([openStage(), startProvider('linear', { autoApprove: false })]);
    page = await stage.visitor();
    hand = handAt(page);
  });
  afterAll(async () => {
    await stage?.close();
    await linear?.close();
  });

  afterEach(() => hand.steady());

  test('a visitor of a new hub is asked for the one-time code, and becomes its owner', async () => {
    const code = await setupCode(stage.hub);
    await page.goto(stage.hub.url);
    await page.waitForURL('**/setup');
    await hand.fill(page.getByLabel('One-time code'), 'not-the-code');
    await hand.fill(page.getByLabel('Name'), OWNER.name);
    await hand.fill(page.getByLabel('E-mail'), OWNER.email);
    await hand.fill(page.getByLabel('Password'), OWNER.password);
    await hand.press(page.getByRole('button', { name: 'Set up' }));
    await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/code/i);
    await hand.fill(page.getByLabel('One-time code'), code);
    await hand.press(page.getByRole('button', { name: 'Set up' }));
    await page.getByRole('heading', { name: 'Connect your first server' }).waitFor();
  });

  test('S6, F1: a pasted URL is looked at, saved, and goes on to the provider’s own consent page', async () => {
    await hand.press(page.getByRole('link', { name: 'Add connector' }).first());
    await hand.fill(page.getByLabel('URL of the MCP server'), linear.mcpUrl);
    const preflight = page.getByRole('region', { name: 'Preflight' });
    await preflight.getByText('By itself, nothing to do').waitFor();
    expect(await preflight.textContent()).toContain('Likely: it gives refresh tokens');
    await hand.fill(page.getByLabel('Name'), 'Linear');
    await hand.press(page.getByRole('button', { name: 'Save and connect' }));
    await page.waitForURL(`${linear.origin}/**`);
    await hand.press(page.getByRole('button', { name: 'Allow' }));
    await page.waitForURL(`${stage.hub.url}/connectors/**`);
    await page.getByText('The sign-in went well.').waitFor();
    await page.getByText('45 tools, synced').waitFor();
  });

  test('an agent gets two tools and a key, and an official client calls a tool with the pasted configuration', async () => {
    await hand.go('Agents');
    await hand.press(page.getByRole('button', { name: 'New agent' }).first());
    await hand.fill(page.getByLabel('Name'), 'Release notes');
    await hand.press(page.getByRole('button', { name: 'Make agent' }));
    await hand.tick(page.getByRole('checkbox', { name: 'list_issues' }));
    await hand.tick(page.getByRole('checkbox', { name: 'list_teams' }));
    await page.getByText('Saved', { exact: true }).waitFor();

    await hand.press(page.getByRole('link', { name: 'See as this agent' }));
    await page.getByText('linear__list_teams').waitFor();
    await hand.press(page.getByRole('link', { name: 'Keys and clients' }));
    await hand.press(page.getByRole('button', { name: 'Create key' }));
    await hand.press(page.getByRole('dialog').getByRole('button', { name: 'Create key' }));
    const file = page.getByRole('region', { name: 'configuration with the key for .mcp.json' });
    const { mcpServers } = JSON.parse((await file.textContent()) ?? '');
    await hand.press(page.getByRole('button', { name: 'Done' }));

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
    await hand.press(page.getByRole('link', { name: 'Try a tool' }));
    await hand.choose(page.getByLabel('Tool', { exact: true }), 'linear__list_issues');
    await hand.fill(page.getByLabel('limit').first(), '2');
    await hand.press(page.getByRole('button', { name: 'Run' }));
    await page.getByText('The tool answered').waitFor();
    await page.getByRole('region', { name: 'structured result' }).getByText('ada@example.test').waitFor();
  });

  test('the calls appear under Activity', async () => {
    await hand.go('Activity');
    await page.getByRole('region', { name: 'Last calls' }).getByText('list_teams').first().waitFor();
  });

  test('a key that is revoked leaves the list, and opens nothing any more', async () => {
    await hand.go('Agents');
    await hand.press(page.getByRole('link', { name: 'Release notes' }));
    await hand.press(page.getByRole('link', { name: 'Keys and clients' }));
    await hand.press(page.getByRole('button', { name: /^Revoke/ }));
    await hand.press(page.getByRole('alertdialog').getByRole('button', { name: 'Revoke key' }));
    await page.getByRole('heading', { name: 'No key yet' }).waitFor();
  });

  test('no page broke the content security policy or threw', () => {
    expect(stage.complaints).toEqual([]);
  });
});
