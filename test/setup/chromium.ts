// A real Chromium for the tests of pages: the one `npm test` found or installed (scripts/chromium.mjs).

import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { findChromium } from '../../scripts/chromium.mjs';

/** Starts a headless browser; the caller closes it. Fails, and says how to get one, where there is none. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) {
    throw new Error('No Chromium on this machine. Install one: npx playwright-core install chromium');
  }
  // Chromium refuses its sandbox to root, which is who runs the tests in a container.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}
