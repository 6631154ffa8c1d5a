// The page of a hub whose public URL has a path: every address, file and call lies below it.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readWebPage } from '../../src/server/web-page-files.ts';
import { type Embedded, startEmbedded } from '../support/embedded.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { OWNER, openBrowser, type PageBrowser } from './stage.ts';

let hub: Embedded;
let linear: RunningProvider;
let browser: PageBrowser;
let page: Page;
const strays: string[] = [];

beforeAll(async () => {
  [hub, linear, browser] = await Promise.all([
    readWebPage().then((webPage) => startEmbedded({ webPage, mount: '/team/keys' })),
    startProvider('linear'),
    openBrowser(),
  ]);
  page = await browser.visitor();
  const { origin, pathname } = new URL(hub.url);
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (asked.origin === origin && asked.pathname !== pathname && !asked.pathname.startsWith(`${pathname}/`))
      strays.push(request.url());
  });
});
afterAll(async () => {
  await browser?.close();
  await hub?.close();
  await linear?.close();
});

test('the first owner is set up below the path, and a deep address can be loaded anew', async () => {
  const code = (await hub.people.setup.newCode())?.reveal() ?? '';
  await page.goto(hub.url);
  await page.waitForURL(`${hub.url}/setup`);
  await page.getByLabel('One-time code').fill(code);
  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByRole('heading', { name: 'Connect your first server' }).waitFor();
  expect(page.url()).toBe(`${hub.url}/connectors`);
  await page.goto(`${hub.url}/settings?tab=about`);
  await page.getByText(`${hub.url}/oauth/callback`).waitFor();
  expect(await page.getByRole('link', { name: 'every call with its fields' }).getAttribute('href')).toBe(
    '/team/keys/api/docs',
  );
});

test('a sign-in at a provider comes back to the connector, or to the agent where it began', async () => {
  await page.goto(`${hub.url}/connectors/new`);
  await page.getByLabel('URL of the MCP server').fill(linear.mcpUrl);
  await page.getByRole('region', { name: 'Preflight' }).getByText('By itself, nothing to do').waitFor();
  await page.getByLabel('Name').fill('Linear');
  await page.getByRole('button', { name: 'Save and connect' }).click();
  await page.waitForURL(`${hub.url}/connectors/con_*?connected=linear`);
  await page.getByText('45 tools, synced').waitFor();
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Disconnect' }).click();
  await page.getByText('Nothing yet').waitFor();

  await page.getByRole('link', { name: 'Agents', exact: true }).first().click();
  await page.getByRole('button', { name: 'New agent' }).first().click();
  await page.getByLabel('Name').fill('Deployer');
  await page.getByRole('button', { name: 'Make agent' }).click();
  await page.getByRole('button', { name: 'Connect Linear' }).click();
  await page.waitForURL(`${hub.url}/agents/agt_*?connected=linear`);
  await page.getByText('Uses the shared credential').waitFor();
});

test('changes come live, and whoever is signed out comes back to where they were', async () => {
  await page.goto(`${hub.url}/agents`);
  await page.getByRole('link', { name: 'Deployer' }).waitFor();
  await hub.hub.agents.create({ name: 'Another' }, { name: 'test' });
  await page.getByRole('link', { name: 'Another' }).waitFor();
  await page.context().clearCookies();
  await page.reload();
  await page.waitForURL(`${hub.url}/sign-in?returnTo=**`);
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${hub.url}/agents`);
  await page.getByRole('button', { name: /Appearance and sign-out/ }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${hub.url}/sign-in`);
});

test('nothing was asked for outside the path, refused by the policy, or thrown', () => {
  expect(strays).toEqual([]);
  expect(browser.complaints).toEqual([]);
});
