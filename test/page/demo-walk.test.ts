// From `npm run demo` to an agent's first tool call: few clicks, hardly a word typed.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Browser as Chromium, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DemoScene } from '../../src/cli/demo-announcement.ts';
import { type Running, startCli } from '../cli/run-cli.ts';
import { launchChromium } from '../setup/chromium.ts';

const MOST_CLICKS = 12;

let demo: Running;
let scene: DemoScene;
let chromium: Chromium;
let data: string;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'chatelaine-demo-walk-'));
  const args = ['demo', '--port', '0', '--providers-port', '0', '--data', data];
  [demo, chromium] = await Promise.all([startCli([...args, '--json']), launchChromium()]);
  scene = JSON.parse(demo.line);
});
afterAll(async () => {
  await chromium?.close();
  demo?.process.kill('SIGTERM');
  await demo?.ended;
  await rm(data, { recursive: true, force: true });
});

test('a first-time visitor of the demo comes to an agent’s first call in at most twelve clicks, typing nothing', async () => {
  const page = await chromium.newPage();
  page.setDefaultTimeout(10_000);
  let clicks = 0;
  const click = async (what: Locator): Promise<void> => {
    clicks += 1;
    await what.click();
  };
  await page.goto(scene.signInUrl);
  await click(page.getByRole('button', { name: 'Connect: Linear' }));
  await click(page.getByRole('button', { name: 'Allow' }));
  await page.getByText('45 tools, synced').waitFor();
  await click(page.getByRole('link', { name: 'Agents', exact: true }).first());
  await click(page.getByRole('link', { name: 'Demo agent' }));
  await click(page.getByRole('checkbox', { name: 'list_teams' }));
  await page.getByText('Saved', { exact: true }).waitFor();
  await click(page.getByRole('link', { name: 'Keys and clients' }));
  await click(page.getByRole('button', { name: 'Create key' }));
  await click(page.getByRole('dialog').getByRole('button', { name: 'Create key' }));
  const file = page.getByRole('region', { name: 'configuration with the key for .mcp.json' });
  const { url, headers } = JSON.parse((await file.textContent()) ?? '').mcpServers.chatelaine;
  await click(page.getByRole('button', { name: 'Copy configuration with the key for .mcp.json' }));

  const client = new Client({ name: 'first', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  const called = await client.callTool({ name: 'linear__list_teams', arguments: {} });
  expect(called.structuredContent).toMatchObject({ tool: 'list_teams' });
  await client.close();
  expect(clicks).toBeLessThanOrEqual(MOST_CLICKS);
});
