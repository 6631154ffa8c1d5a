// Five hundred connectors and two thousand tools: no list is drawn whole. How fast they answer is measured
// (npm run bench -- page), not tested.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { openStage, type Stage } from './stage.ts';

const CONNECTORS = 500;
const TOOLS = 2000;
/** Rows that a list may draw before anybody scrolls. */
const DRAWN_MAX = 120;

let stage: Stage;
let linear: RunningProvider;
let page: Page;
let agentId: string;

beforeAll(async () => {
  [stage, linear] = await Promise.all([openStage(), startProvider('linear')]);
  const { hub } = stage;
  linear.setTools((tools) =>
    Array.from({ length: TOOLS }, (_, index) => ({
      ...(tools[index % tools.length] as (typeof tools)[0]),
      name: `tool_${index}`,
    })),
  );
  const made = await hub.ok('POST', '/api/connectors', { name: 'Linear', url: linear.mcpUrl });
  await hub.connect(made.id);
  for (let index = 1; index < CONNECTORS; index += 1)
    await hub.ok('POST', '/api/connectors', {
      name: `Service ${index}`,
      url: `http://127.0.0.1:4999/${index}`,
      authType: 'bearer',
      credentialMode: 'per_agent',
    });
  agentId = (await hub.ok('POST', '/api/agents', { name: 'Deployer' })).id;
  page = await stage.owner();
}, 180_000);
afterAll(async () => {
  await stage?.close();
  await linear?.close();
});

const rows = (list: string) => page.getByRole('list', { name: list, exact: true }).locator('> li');

test('of five hundred connectors a screenful is drawn, the rest as one comes near, and a search finds all', async () => {
  await page.goto(`${stage.hub.url}/connectors`);
  await page.getByText(`${CONNECTORS} connectors`).waitFor();
  expect(await rows('Connectors').count()).toBeLessThanOrEqual(DRAWN_MAX);
  const search = page.getByRole('searchbox', { name: 'Search connectors' });
  await search.fill('service 49');
  await page.getByRole('link', { name: 'Service 499', exact: true }).waitFor();
  expect(await rows('Connectors').count()).toBe(11);
  await search.fill('');
  const before = await rows('Connectors').count();
  await rows('Connectors').last().getByRole('link').first().focus();
  await expect.poll(() => rows('Connectors').count()).toBeGreaterThan(before);
});

test('of two thousand tools a screenful is drawn, and what is ticked beyond it is kept', async () => {
  await page.goto(`${stage.hub.url}/agents/${agentId}`);
  await page.getByRole('button', { name: `0 of ${TOOLS} tools` }).click();
  const search = page.getByRole('searchbox', { name: 'Search tools of Linear' });
  await search.waitFor();
  expect(await rows('Tools of Linear').count()).toBeLessThanOrEqual(DRAWN_MAX);
  await search.fill('tool_1999');
  await page.getByRole('checkbox', { name: /^tool_1999/ }).check();
  await page.getByText('Saved', { exact: true }).waitFor();
  const [row] = (await stage.hub.ok('GET', `/api/agents/${agentId}/connectors`)).items;
  const granted = row.tools.filter((tool: { granted: boolean }) => tool.granted);
  expect(granted.map(({ name }: { name: string }) => name)).toEqual(['tool_1999']);
});

test('of two thousand tools of a connector a screenful is drawn', async () => {
  await page.goto(`${stage.hub.url}/connectors/linear?tab=tools`);
  await page.getByText('2,000 tools').first().waitFor();
  expect(await page.locator('section[aria-label="Tools"] li').count()).toBeLessThanOrEqual(DRAWN_MAX);
});
