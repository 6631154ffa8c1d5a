// A hub with its page in a real Chromium, and a person at it: set up, signed in, clicking.

import axeCore from 'axe-core';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { launchChromium } from '../setup/chromium.ts';
import { type HubOptions, startHub, type TestHub } from '../support/hub.ts';

export const OWNER = { name: 'Ada Winter', email: 'ada@example.test', password: 'correct horse battery' };
const WAIT_MS = 10_000;

export type PageBrowser = {
  /** A browser of its own, with nobody signed in. */
  visitor(options?: BrowserContextOptions): Promise<Page>;
  /** What pages complained of: refused scripts and styles, errors nobody caught. */
  complaints: string[];
  close(): Promise<void>;
};

export type Stage = PageBrowser & {
  hub: TestHub;
  /** A visitor signed in as the owner. */
  owner(options?: BrowserContextOptions): Promise<Page>;
};

export async function openBrowser(): Promise<PageBrowser> {
  const chromium = await launchChromium();
  const complaints: string[] = [];
  return {
    complaints,
    async visitor(options = {}) {
      const context = await chromium.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      context.setDefaultTimeout(WAIT_MS);
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
      page.on('console', (message) => {
        if (/content security policy/i.test(message.text())) complaints.push(`${page.url()}: ${message.text()}`);
      });
      return page;
    },
    close: () => chromium.close(),
  };
}

export async function openStage(options: HubOptions = {}): Promise<Stage> {
  const [hub, browser] = await Promise.all([startHub(options), openBrowser()]);
  const { visitor } = browser;
  let ready: Promise<void> | null = null;

  const call = async (context: BrowserContext, path: string, data: unknown): Promise<any> => {
    const answer = await context.request.post(`${hub.url}${path}`, { data, headers: { origin: hub.url } });
    expect(answer.ok(), await answer.text()).toBe(true);
    return answer.json();
  };
  const setUp = async (): Promise<void> => {
    const code = await setupCode(hub);
    const page = await visitor();
    await call(page.context(), '/api/setup', { code, ...OWNER });
    await page.context().close();
  };
  const owner = async (window: BrowserContextOptions = {}): Promise<Page> => {
    ready ??= setUp();
    await ready;
    const page = await visitor(window);
    await call(page.context(), '/api/sign-in', { email: OWNER.email, password: OWNER.password });
    return page;
  };
  return {
    ...browser,
    hub,
    owner,
    async close() {
      await browser.close();
      await hub.close();
    },
  };
}

export async function setupCode(hub: TestHub): Promise<string> {
  const code = await hub.server.embedded.people.setup.newCode();
  if (code === null) throw new Error('this hub is set up already');
  return code.reveal();
}

/** What axe finds on the page as it stands, one line for each element. */
export async function axe(page: Page): Promise<string[]> {
  // Things that move are judged where they come to rest.
  await page.evaluate(() => {
    const ending = document
      .getAnimations()
      .filter(({ effect }) => effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
    return Promise.all(ending.map(({ finished }) => finished.catch(() => undefined)));
  });
  await page.evaluate(axeCore.source);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as any).axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.flatMap((violation: any) =>
      violation.nodes.map((node: any) => `${violation.id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`),
    );
  });
}
