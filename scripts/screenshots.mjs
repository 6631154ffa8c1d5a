// Makes docs/screenshots/: every page in light, dark and at 390 pixels, of a hub made for it (screenshot-scene.mjs).
// To be run after a change of the page: npm run screenshots
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from './chromium.mjs';
import { ensurePage } from './page.mjs';
import { openScene } from './screenshot-scene.mjs';
import { ROOT } from './setup.mjs';

const OUT = join(ROOT, 'docs', 'screenshots');
const MODES = /** @type {const} */ ([
  { name: 'light', width: 1360, height: 850, colorScheme: 'light' },
  { name: 'dark', width: 1360, height: 850, colorScheme: 'dark' },
  { name: 'phone', width: 390, height: 844, colorScheme: 'light' },
]);
/** A longer page is shown from its top. */
const TALLEST = 1500;

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {{name: string, path: string, act?: (page: Page) => Promise<unknown>}} Shot */

/** @param {import('./screenshot-scene.mjs').Scene} scene @returns {Shot[]} */
const shots = ({ agents, probeUrl }) => [
  { name: 'connectors', path: '/connectors' },
  { name: 'add-connector', path: '/connectors/new' },
  {
    name: 'preflight',
    path: '/connectors/new',
    act: async (page) => {
      await page.getByLabel('URL of the MCP server').fill(probeUrl);
      await page.getByText('By itself, nothing to do').waitFor();
      await page.getByLabel('Name').fill('Linear EU');
    },
  },
  { name: 'connector', path: '/connectors/linear' },
  { name: 'connector-broken', path: '/connectors/sentry_staging' },
  { name: 'connector-denied', path: '/connectors/notion?error=authorization_denied' },
  { name: 'tools-review', path: '/connectors/linear?tab=tools' },
  { name: 'connector-agents', path: '/connectors/granola?tab=agents' },
  { name: 'transcript', path: '/connectors/linear?tab=transcript' },
  { name: 'connector-settings', path: '/connectors/linear?tab=settings' },
  {
    name: 'connector-remove',
    path: '/connectors/linear?tab=settings',
    act: (page) => page.getByRole('button', { name: 'Remove connector' }).click(),
  },
  { name: 'agents', path: '/agents' },
  { name: 'agent', path: `/agents/${agents.oncall.id}` },
  {
    name: 'agent-to-connect',
    path: `/agents/${agents.notes.id}`,
    act: (page) => page.getByRole('button', { name: /^To connect/ }).click(),
  },
  { name: 'agent-keys', path: `/agents/${agents.notes.id}?tab=access` },
  { name: 'agent-seen', path: `/agents/${agents.oncall.id}?tab=seen` },
  {
    name: 'agent-try',
    path: `/agents/${agents.notes.id}?tab=try`,
    act: async (page) => {
      await page.getByRole('button', { name: 'Run' }).click();
      await page.getByText('The tool answered').waitFor();
    },
  },
  { name: 'agent-settings', path: `/agents/${agents.notes.id}?tab=settings` },
  { name: 'activity', path: '/activity' },
  { name: 'health', path: '/health' },
  { name: 'settings', path: '/settings' },
  { name: 'people', path: '/settings?tab=people' },
  { name: 'tokens', path: '/settings?tab=tokens' },
  { name: 'encryption', path: '/settings?tab=keys' },
  { name: 'about', path: '/settings?tab=about' },
  {
    name: 'palette',
    path: '/connectors',
    act: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('option').first().waitFor();
    },
  },
  { name: 'sign-in', path: '/sign-in' },
];

await ensurePage();
const executablePath = findChromium();
if (executablePath === null) throw new Error('No Chromium found. Install one: npx playwright-core install chromium');
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
const only = process.argv.slice(2);
try {
  const scene = await openScene(await browser.newPage());
  try {
    if (only.length === 0) rmSync(OUT, { recursive: true, force: true });
    mkdirSync(OUT, { recursive: true });
    for (const mode of MODES) {
      const { name, colorScheme, width, height } = mode;
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
      await scene.signIn(context);
      const page = await context.newPage();
      for (const shot of shots(scene)) {
        if (only.length > 0 && !only.includes(shot.name)) continue;
        await page.setViewportSize({ width, height });
        await page.goto(`${scene.url}${shot.path}`);
        await page.waitForTimeout(600);
        await shot.act?.(page);
        await page.waitForTimeout(300);
        const whole = await page.evaluate('document.documentElement.scrollHeight');
        await page.setViewportSize({ width, height: Math.min(Math.max(Number(whole), height), TALLEST) });
        await page.waitForTimeout(150);
        await page.screenshot({ path: join(OUT, `${shot.name}-${name}.png`) });
      }
      await context.close();
    }
  } finally {
    await scene.close();
  }
} finally {
  await browser.close();
}
