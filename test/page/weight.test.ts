// What the first page weighs. How soon that can be used is measured (npm run bench -- page), not tested.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { openStage, type Stage } from './stage.ts';

const SCRIPT_MAX_BYTES = 180_000;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.close());

test('the scripts of the first page are at most 180 kB, as they come over the wire', async () => {
  const page = await stage.owner();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const asked = new Set<string>();
  const loaded = new Map<string, number>();
  session.on('Network.requestWillBeSent', ({ requestId, type }) => type === 'Script' && asked.add(requestId));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (asked.has(requestId)) loaded.set(requestId, encodedDataLength);
  });
  await page.goto(stage.hub.url);
  await page.getByRole('link', { name: 'Add connector' }).first().waitFor();
  await until('every script is here', () => loaded.size === asked.size);
  const bytes = [...loaded.values()].reduce((sum, one) => sum + one, 0);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(SCRIPT_MAX_BYTES);
});
