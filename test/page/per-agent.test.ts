// Credentials of an agent's own: an API key for each of two agents, and OAuth with its three card states.

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { HANDS, type Hand } from './hands.ts';
import { openStage, type Stage } from './stage.ts';

describe.each(HANDS)('%s', (_name, handAt) => {
  let stage: Stage;
  let render: RunningProvider;
  let granola: RunningProvider;
  let page: Page;
  let hand: Hand;
  const agents: Record<string, string> = {};

  beforeAll(async () => {
    [stage, render, granola] = await Promise.all([
      openStage(),
      startProvider('render'),
      startProvider('granola', { autoApprove: false }),
    ]);
    page = await stage.owner();
    hand = handAt(page);
    for (const name of ['Deployer', 'Auditor']) agents[name] = (await stage.hub.ok('POST', '/api/agents', { name })).id;
  });
  afterAll(async () => {
    await stage?.close();
    await render?.close();
    await granola?.close();
  });
  afterEach(() => hand.steady());

  const card = (name: string) =>
    page.getByRole('list', { name: 'Connectors' }).locator('> li').filter({ hasText: name });

  describe('P4: a server that takes one API key for each agent', () => {
    const keys: Record<string, string> = {};

    test('S19: no token is asked for where each agent has its own, and none is sent', async () => {
      await page.goto(`${stage.hub.url}/connectors/new`);
      await hand.fill(page.getByLabel('URL of the MCP server'), render.mcpUrl);
      await page
        .getByRole('region', { name: 'Preflight' })
        .getByText('24 tools, listed without a credential')
        .waitFor();
      await hand.fill(page.getByLabel('Name'), 'Render');
      await hand.choose(page.getByLabel('Authentication'), 'bearer');
      await hand.fill(page.getByLabel('Token', { exact: true }), 'rnd_never_sent');
      await hand.tick(page.getByRole('radio', { name: /Per agent/ }));
      expect(await page.getByLabel('Token', { exact: true }).count()).toBe(0);
      expect(await page.getByText('OAuth by hand').count()).toBe(0);
      const saved = page.waitForRequest(
        (request) => request.url().endsWith('/api/connectors') && request.method() === 'POST',
      );
      await hand.press(page.getByRole('button', { name: 'Save connector' }));
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
        await hand.fill(field, keys[name]);
        await hand.press(card('Render').getByRole('button', { name: 'Save' }));
        await card('Render').getByText('Token configured').waitFor();
        await hand.tick(card('Render').getByRole('checkbox', { name: 'list_workspaces' }));
        await page.getByText('Saved', { exact: true }).waitFor();
        expect(await page.content()).not.toContain(keys[name]);
      },
    );

    test.each(['Deployer', 'Auditor'])('S2: %s calls with its own key', async (name) => {
      await page.goto(`${stage.hub.url}/agents/${agents[name]}?tab=try`);
      await hand.press(page.getByRole('button', { name: 'Run' }));
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
      await hand.fill(page.getByLabel('Name'), 'Shared cloud');
      const sent = page.waitForRequest((request) => request.method() === 'PATCH');
      await hand.press(page.getByRole('button', { name: 'Save changes' }));
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
      await hand.press(card('Granola').getByRole('button', { name: 'Connect Granola' }));
      await page.waitForURL(`${granola.origin}/**`);
      await hand.press(page.getByRole('button', { name: 'Allow' }));
      await page.waitForURL(`${stage.hub.url}/agents/${agents.Deployer}**`);
      await card('Granola').getByText('Connected', { exact: true }).waitFor();
      expect(await card('Granola').getByRole('checkbox').count()).toBeGreaterThanOrEqual(4);
    });

    test('a link sent to somebody else connects the other agent, and the page learns of it by itself', async () => {
      await page.goto(`${stage.hub.url}/connectors/granola?tab=agents`);
      const row = page.getByRole('listitem').filter({ hasText: 'Auditor' });
      await hand.press(row.getByRole('button', { name: /Send a connect link/ }));
      const link = await page.getByRole('dialog').locator('code').textContent();
      const somebody = await stage.visitor();
      await somebody.goto(link ?? '');
      await handAt(somebody).press(somebody.getByRole('button', { name: 'Allow' }));
      await somebody.waitForURL(`${stage.hub.url}/**`);
      await hand.press(page.getByRole('dialog').getByRole('button', { name: 'Close' }));
      await row.getByText('Connected').waitFor();
    });
  });

  test('no page broke the content security policy or threw', () => {
    expect(stage.complaints).toEqual([]);
  });
});
