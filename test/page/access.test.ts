// Every page for everybody: what axe finds in light and dark, that nothing scrolls sideways on a phone, and the
// keyboard alone.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { axe, openStage, type Stage } from './stage.ts';

let stage: Stage;
let linear: RunningProvider;
let render: RunningProvider;
let agentId: string;
const pages: Record<string, Page> = {};

const ADDRESSES: [string, string][] = [
  ['connectors', '/connectors'],
  ['no connector found', '/connectors?q=nothing'],
  ['add connector', '/connectors/new'],
  ['connector', '/connectors/linear'],
  ['tools', '/connectors/linear?tab=tools'],
  ['its agents', '/connectors/render?tab=agents'],
  ['transcript', '/connectors/linear?tab=transcript'],
  ['connector settings', '/connectors/linear?tab=settings'],
  ['a failed sign-in', '/connectors/linear?error=authorization_denied'],
  ['agents', '/agents'],
  ['agent', '/agents/AGENT'],
  ['keys', '/agents/AGENT?tab=access'],
  ['see as this agent', '/agents/AGENT?tab=seen'],
  ['try a tool', '/agents/AGENT?tab=try'],
  ['agent settings', '/agents/AGENT?tab=settings'],
  ['activity', '/activity'],
  ['health', '/health'],
  ['you', '/settings'],
  ['people', '/settings?tab=people'],
  ['tokens', '/settings?tab=tokens'],
  ['encryption', '/settings?tab=keys'],
  ['about', '/settings?tab=about'],
  ['nothing', '/connectors/unknown'],
];

beforeAll(async () => {
  [stage, linear, render] = await Promise.all([openStage(), startProvider('linear'), startProvider('render')]);
  const { hub } = stage;
  const made = await hub.ok('POST', '/api/connectors', { name: 'Linear', url: linear.mcpUrl });
  await hub.connect(made.id);
  await hub.ok('POST', '/api/connectors', {
    name: 'Render',
    url: render.mcpUrl,
    authType: 'bearer',
    credentialMode: 'per_agent',
  });
  agentId = (await hub.ok('POST', '/api/agents', { name: 'Deployer' })).id;
  await hub.ok('PUT', `/api/agents/${agentId}/tools`, {
    tools: ['mcp__linear__list_issues', 'mcp__linear__delete_issue'],
  });
  await hub.ok('POST', `/api/agents/${agentId}/keys`, { label: 'CI' });
  pages.light = await stage.owner({ colorScheme: 'light' });
  pages.dark = await stage.owner({ colorScheme: 'dark' });
  pages.phone = await stage.owner({ viewport: { width: 360, height: 760 }, hasTouch: true });
});
afterAll(async () => {
  await stage?.close();
  await linear?.close();
  await render?.close();
});

async function open(name: string, address: string): Promise<Page> {
  const page = pages[name];
  if (page === undefined) throw new Error(`no page ${name}`);
  await page.goto(`${stage.hub.url}${address.replace('AGENT', agentId)}`);
  await page.getByRole('heading', { level: 1 }).or(page.getByText('There is nothing here')).first().waitFor();
  await page.waitForFunction(() => document.querySelector('.skeleton') === null);
  return page;
}

describe.each(['light', 'dark'])('in %s', (scheme) => {
  test.each(ADDRESSES)('axe finds nothing on %s', async (_name, address) => {
    expect(await axe(await open(scheme, address))).toEqual([]);
  });

  test('axe finds nothing in dialogs and the palette', async () => {
    const page = await open(scheme, '/agents');
    await page.getByRole('button', { name: 'New agent' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press('Escape');
  });

  test.each(['/sign-in', '/invitation/unknown'])('axe finds nothing before sign-in at %s', async (address) => {
    const page = await stage.visitor({ colorScheme: scheme as 'light' | 'dark' });
    await page.goto(`${stage.hub.url}${address}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForFunction(() => document.querySelector('.skeleton') === null);
    expect(await axe(page)).toEqual([]);
    await page.context().close();
  });
});

test.each(ADDRESSES)('nothing of %s is wider than a phone of 360 pixels', async (_name, address) => {
  const page = await open('phone', address);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
});

test('the palette finds an agent by a few letters, and goes back to where one was with Escape', async () => {
  const page = await open('light', '/connectors');
  const { keyboard } = page;
  await page.getByRole('link', { name: 'Add connector' }).focus();
  await keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor();
  await keyboard.press('Escape');
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Add connector');
  await keyboard.press('Control+k');
  await keyboard.type('deployer');
  await page.getByRole('option', { name: /Deployer/, selected: true }).waitFor();
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Deployer', level: 1 }).waitFor();
});

test('no page broke the content security policy or threw', () => {
  expect(stage.complaints).toEqual([]);
});
