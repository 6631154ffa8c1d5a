// Five hundred connectors and two thousand tools: a key press or a click is answered within a tenth of a second.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { openStage, type Stage } from './stage.ts';

const CONNECTORS = 500;
const TOOLS = 2000;
const ANSWER_MAX_MS = 100;
const TRIES = 3;

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
  await page.addInitScript(() => {
    const slowest = { ms: 0 };
    Object.assign(window, { slowest });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if ((entry as PerformanceEventTiming).interactionId) slowest.ms = Math.max(slowest.ms, entry.duration);
    }).observe({ type: 'event', durationThreshold: 16, buffered: true } as PerformanceObserverInit);
  });
}, 180_000);
afterAll(async () => {
  await stage?.close();
  await linear?.close();
});

/** The slowest interaction of the best of a few tries: what else the machine does is not the page's. */
async function slowest(interact: () => Promise<void>): Promise<number> {
  const tries: number[] = [];
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    await page.evaluate('slowest.ms = 0');
    await interact();
    await page.waitForTimeout(400);
    tries.push(Number(await page.evaluate('slowest.ms')));
  }
  return Math.min(...tries);
}

test('searching and filtering five hundred connectors', async () => {
  await page.goto(`${stage.hub.url}/connectors`);
  await page.getByText(`${CONNECTORS} connectors`).waitFor();
  const search = page.getByRole('searchbox', { name: 'Search connectors' });
  const answer = await slowest(async () => {
    await search.click();
    await page.keyboard.type('service 4', { delay: 80 });
    await page.getByRole('link', { name: 'Service 4', exact: true }).waitFor();
    await search.fill('');
    await page
      .getByRole('button', { name: /^Per agent/ })
      .first()
      .click();
    await page.getByRole('button', { name: /^All/ }).first().click();
  });
  expect(answer).toBeLessThanOrEqual(ANSWER_MAX_MS);
});

test('searching and ticking two thousand tools', async () => {
  await page.goto(`${stage.hub.url}/agents/${agentId}`);
  await page.getByRole('button', { name: `0 of ${TOOLS} tools` }).click();
  const search = page.getByRole('searchbox', { name: 'Search tools of Linear' });
  const answer = await slowest(async () => {
    await search.click();
    await page.keyboard.type('tool_19', { delay: 80 });
    await page.getByRole('checkbox', { name: /^tool_1999/ }).click();
    await search.fill('');
  });
  expect(answer).toBeLessThanOrEqual(ANSWER_MAX_MS);
});
