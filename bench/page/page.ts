// The page in a real Chromium: how soon a first visit over a slow link can be used, and how fast long lists answer
// a key press or a click.

import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../scripts/chromium.mjs';
import { median } from '../machine.ts';
import { figure, table } from '../table.ts';
import { openScene, type Scene } from './scene.ts';

export const PAGE_HELP =
  'npm run bench -- page: first visit over 1.6 Mbit/s and 150 ms; answers with 500 connectors and 2,000 tools\n';

const VISITS = 7;
const ROUNDS = 5;
const CONNECTORS = 500;
const TOOLS = 2000;
const LINK = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 200_000 };
const SETTLED_MS = 400;

type Figure = { readonly medianMs: number; readonly worstMs: number };
type PageFigures = {
  readonly firstVisit: Figure & { readonly visits: number };
  /** Interaction to next paint: the slowest of each round. */
  readonly answers: Readonly<Record<string, Figure>>;
};

export async function benchPage(): Promise<PageFigures> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('No Chromium found. Install one: npx playwright-core install chromium');
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  const scene = await openScene({ connectors: CONNECTORS, tools: TOOLS });
  try {
    const visits: number[] = [];
    for (let visit = 0; visit < VISITS; visit += 1) visits.push(await firstVisit(browser, scene));
    return { firstVisit: { visits: VISITS, ...figureOf(visits) }, answers: await answers(browser, scene) };
  } finally {
    await browser.close();
    await scene.close();
  }
}

const figureOf = (times: readonly number[]): Figure => ({ medianMs: median(times), worstMs: Math.max(...times) });

/** Until the first page stands with its list and its main button. */
async function firstVisit(browser: Browser, scene: Scene): Promise<number> {
  const page = await scene.owner(browser);
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', LINK);
  const began = performance.now();
  await page.goto(scene.url, { waitUntil: 'commit' });
  await page.getByRole('link', { name: 'Add connector' }).first().waitFor();
  const took = performance.now() - began;
  await page.context().close();
  return took;
}

const WATCH = `
  window.slowest = { ms: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      if (entry.interactionId) slowest.ms = Math.max(slowest.ms, entry.duration);
  }).observe({ type: 'event', durationThreshold: 16, buffered: true });
`;

async function answers(browser: Browser, scene: Scene): Promise<Record<string, Figure>> {
  const page = await scene.owner(browser);
  await page.addInitScript(WATCH);
  const measure = async (interact: () => Promise<unknown>): Promise<Figure> => {
    const slowest: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await page.evaluate('slowest.ms = 0');
      await interact();
      // An interaction is told after its paint.
      await page.waitForTimeout(SETTLED_MS);
      slowest.push(Number(await page.evaluate('slowest.ms')));
    }
    return figureOf(slowest);
  };

  await page.goto(`${scene.url}/connectors`);
  await page.getByText(`${CONNECTORS} connectors`).waitFor();
  const search = page.getByRole('searchbox', { name: 'Search connectors' });
  const figures: Record<string, Figure> = {};
  figures[`search ${CONNECTORS} connectors`] = await measure(() => typeInto(page, search, 'service 4'));
  figures[`filter ${CONNECTORS} connectors`] = await measure(async () => {
    for (const name of [/^Per agent/, /^All/]) await page.getByRole('button', { name }).first().click();
  });

  await page.goto(`${scene.url}/agents/${scene.agentId}`);
  await page.getByRole('button', { name: `0 of ${TOOLS} tools` }).click();
  const tools = page.getByRole('searchbox', { name: 'Search tools of Many' });
  figures[`search ${figure(TOOLS)} tools`] = await measure(() => typeInto(page, tools, 'tool_19'));
  figures[`tick one of ${figure(TOOLS)} tools`] = await measure(() =>
    page
      .getByRole('checkbox', { name: /^tool_0$|^tool_0 / })
      .first()
      .click(),
  );
  return figures;
}

async function typeInto(page: Page, field: ReturnType<Page['getByRole']>, text: string): Promise<void> {
  await field.click();
  await page.keyboard.type(text, { delay: 80 });
  await field.fill('');
}

export function printPage({ firstVisit: first, answers: all }: PageFigures): string {
  const row = (name: string, { medianMs, worstMs }: Figure, goal: string): string[] => [
    name,
    `${figure(medianMs)} ms`,
    `${figure(worstMs)} ms`,
    goal,
  ];
  return table(
    ['the page', 'median', 'worst', 'goal'],
    [
      row(`first visit usable, 1.6 Mbit/s, 150 ms`, first, '< 2,000 ms'),
      ...Object.entries(all).map(([name, one]) => row(name, one, '< 100 ms')),
    ],
  );
}
