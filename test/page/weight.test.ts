// What the first page weighs, and how soon it can be used over a slow link.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { openStage, type Stage } from './stage.ts';

const SCRIPT_MAX_BYTES = 180_000;
const USABLE_WITHIN_MS = 2000;
const LINK = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 200_000 };

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage?.close());

/** One visit with an empty cache. */
async function visit(): Promise<{ bytes: number; usableAfterMs: number }> {
  const page = await stage.owner();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', LINK);
  const asked = new Set<string>();
  const loaded = new Map<string, number>();
  session.on('Network.requestWillBeSent', ({ requestId, type }) => type === 'Script' && asked.add(requestId));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (asked.has(requestId)) loaded.set(requestId, encodedDataLength);
  });
  const began = performance.now();
  await page.goto(stage.hub.url, { waitUntil: 'commit' });
  await page.getByRole('link', { name: 'Add connector' }).first().waitFor();
  const usableAfterMs = performance.now() - began;
  await until('every script is here', () => loaded.size === asked.size);
  await page.context().close();
  return { bytes: [...loaded.values()].reduce((sum, bytes) => sum + bytes, 0), usableAfterMs };
}

test('the first page is usable within two seconds at 1.6 Mbit/s and 150 ms, with at most 180 kB of script', async () => {
  const visits = [await visit(), await visit(), await visit()];
  for (const { bytes } of visits) {
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThanOrEqual(SCRIPT_MAX_BYTES);
  }
  // The best of three: what else the machine does is not the page's.
  expect(Math.min(...visits.map(({ usableAfterMs }) => usableAfterMs))).toBeLessThan(USABLE_WITHIN_MS);
});
