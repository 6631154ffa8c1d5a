// Axe on what comes before, between and instead of the usual pages: doors, dialogs and menus, nothing there yet,
// still loading, failed.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { axe, openStage, type Stage } from './stage.ts';

const PAGES = ['/connectors', '/agents', '/activity', '/health', '/settings?tab=people', '/settings?tab=tokens'];

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  let stage: Stage;
  let render: RunningProvider;
  let page: Page;

  beforeAll(async () => {
    [stage, render] = await Promise.all([openStage(), startProvider('render')]);
  });
  afterAll(async () => {
    await stage?.close();
    await render?.close();
  });

  const open = async (address: string): Promise<void> => {
    await page.goto(`${stage.hub.url}${address}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForFunction(() => document.querySelector('.skeleton') === null);
  };
  const press = (name: string | RegExp) => page.getByRole('button', { name }).first().click();

  test('the set-up form, with and without a mistake in it', async () => {
    const visitor = await stage.visitor({ colorScheme });
    await visitor.goto(`${stage.hub.url}/setup`);
    await visitor.getByLabel('One-time code').fill('wrong');
    expect(await axe(visitor)).toEqual([]);
    await visitor.getByLabel('Name').fill('Ada');
    await visitor.getByLabel('E-mail').fill('ada@example.test');
    await visitor.getByLabel('Password').fill('correct horse battery');
    await visitor.getByRole('button', { name: 'Set up' }).click();
    await visitor.getByRole('alert').waitFor();
    expect(await axe(visitor)).toEqual([]);
    await visitor.context().close();
  });

  test('the forms of an invitation and of a sign-in that failed', async () => {
    page = await stage.owner({ colorScheme });
    const { request } = page.context();
    const headers = { origin: stage.hub.url };
    const made = await request.post(`${stage.hub.url}/api/people/invitations`, { data: { role: 'viewer' }, headers });
    const visitor = await stage.visitor({ colorScheme });
    await visitor.goto((await made.json()).url);
    await visitor.getByRole('button', { name: 'Join' }).waitFor();
    expect(await axe(visitor)).toEqual([]);
    await visitor.goto(`${stage.hub.url}/sign-in?error=forbidden`);
    await visitor.getByRole('alert').waitFor();
    expect(await axe(visitor)).toEqual([]);
    await visitor.context().close();
  });

  test.each(PAGES)('%s with nothing in it yet', async (address) => {
    await open(address);
    expect(await axe(page)).toEqual([]);
  });

  test.each(['', '?tab=access', '?tab=seen', '?tab=try', '?tab=settings'])(
    'an agent without connectors, tools and keys at “%s”',
    async (tab) => {
      const { hub } = stage;
      const [agent] = (await hub.ok('GET', '/api/agents')).items;
      const { id } = agent ?? (await hub.ok('POST', '/api/agents', { name: 'New' }));
      await open(`/agents/${id}${tab}`);
      expect(await axe(page)).toEqual([]);
    },
  );

  test.each(PAGES)('%s while it loads', async (address) => {
    const waiting = Promise.withResolvers<void>();
    await page.route(/\/api\/(?!me|events)/, async (route) => {
      await waiting.promise;
      await route.continue().catch(() => undefined);
    });
    await page.goto(`${stage.hub.url}${address}`);
    await page.locator('.skeleton').first().waitFor();
    expect(await axe(page)).toEqual([]);
    waiting.resolve();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test.each(PAGES)('%s when the hub fails', async (address) => {
    await page.route(/\/api\/(?!me|events)/, (route) => route.fulfill({ status: 500, json: { detail: 'It broke.' } }));
    await page.goto(`${stage.hub.url}${address}`);
    await page.getByRole('alert').first().waitFor({ timeout: 20_000 });
    expect(await axe(page)).toEqual([]);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  describe('dialogs and menus', () => {
    let agentId = '';
    beforeAll(async () => {
      const { hub } = stage;
      await hub.ok('POST', '/api/connectors', {
        name: 'Render',
        url: render.mcpUrl,
        authType: 'bearer',
        credentialMode: 'per_agent',
      });
      agentId = (await hub.ok('POST', '/api/agents', { name: 'Deployer' })).id;
      await hub.ok('POST', `/api/agents/${agentId}/keys`, { label: 'CI' });
    });

    test.each([
      ['a new agent', '/agents', 'New agent'],
      ['a new key', '/agents/AGENT?tab=access', 'Create key'],
      ['a key to revoke', '/agents/AGENT?tab=access', /^Revoke/],
      ['an agent to remove', '/agents/AGENT?tab=settings', 'Remove agent'],
      ['a connector to remove', '/connectors/render?tab=settings', 'Remove connector'],
      ['a secret', '/connectors/render?tab=agents', 'Enter secret: Deployer'],
      ['an invitation', '/settings?tab=people', 'Invite'],
      ['a new token', '/settings?tab=tokens', 'Create token'],
      ['signing out everywhere', '/settings', 'Sign out everywhere'],
    ])('the dialog of %s', async (_what, address, button) => {
      await open(address.replace('AGENT', agentId));
      await press(button);
      await page.getByRole('dialog').or(page.getByRole('alertdialog')).waitFor();
      expect(await axe(page)).toEqual([]);
    });

    test.each([
      ['a key', '/agents/AGENT?tab=access', 'Create key'],
      ['an invitation', '/settings?tab=people', 'Invite'],
      ['a token', '/settings?tab=tokens', 'Create token'],
    ])('what is shown once: %s', async (_what, address, button) => {
      await open(address.replace('AGENT', agentId));
      await press(button);
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /^Create/ })
        .click();
      await page.getByRole('dialog').getByRole('button', { name: 'Done' }).waitFor();
      expect(await axe(page)).toEqual([]);
    });

    test('the menu of the person, and the navigation of a phone', async () => {
      await open('/connectors');
      await press(/Appearance and sign-out/);
      await page.getByRole('group', { name: 'Appearance' }).waitFor();
      expect(await axe(page)).toEqual([]);
      await page.setViewportSize({ width: 390, height: 844 });
      await open('/connectors');
      await press('Open navigation');
      await page.getByRole('dialog', { name: 'Navigation' }).waitFor();
      expect(await axe(page)).toEqual([]);
      await page.setViewportSize({ width: 1280, height: 900 });
    });
  });
});
