// What strangers wrote, in a real browser: names, descriptions, versions and errors that are markup are shown as words,
// and neither the address, the history nor the storage of the browser holds a secret afterwards.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { legacy, miniServer, result, tool } from '../mcp/mini-server.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { openStage, type Stage } from './stage.ts';

const MARKUP = `"'><img src=x onerror="window.pwned=1"><script>window.pwned=1</script><style>body{display:none}</style>{{7*7}}`;
const LINK = '[click](javascript:window.pwned=1) <a href="javascript:window.pwned=1">click</a>';

let stage: Stage;
let sentry: RunningProvider;
let page: Page;

beforeAll(async () => {
  [stage, sentry] = await Promise.all([openStage(), startProvider('sentry')]);
  page = await stage.owner();
});
afterAll(async () => {
  await stage?.close();
  await sentry?.close();
});

/** Nothing of it became part of the page. */
async function expectWordsAlone(): Promise<void> {
  expect(await page.evaluate(() => (globalThis as { pwned?: unknown }).pwned)).toBeUndefined();
  expect(await page.locator('img[src="x"], a[href^="javascript:"], script:not([src]), body style').count()).toBe(0);
  expect(await page.locator('body').isVisible()).toBe(true);
  expect(stage.complaints).toEqual([]);
}

test('what a server and its operator call things is words, wherever it is shown', async () => {
  const server = await miniServer(
    legacy((seen, response) => {
      if (seen.rpc.method === 'initialize') {
        const serverInfo = { name: MARKUP, version: MARKUP, title: MARKUP };
        result(response, seen, {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {} },
          serverInfo,
          instructions: MARKUP,
        });
      } else if (seen.rpc.method === 'tools/list') {
        const annotations = { title: MARKUP };
        const inputSchema = { type: 'object', properties: { [MARKUP]: { type: 'string', description: MARKUP } } };
        const named = tool('<b>bold</b>', {
          description: `${MARKUP} ${LINK}`,
          title: MARKUP,
          annotations,
          inputSchema,
        });
        result(response, seen, { tools: [named] });
      } else if (seen.rpc.method === 'tools/call') {
        result(response, seen, { isError: true, content: [{ type: 'text', text: MARKUP }] });
      } else return false;
      return true;
    }),
  );
  const { hub } = stage;
  const name = `<i>Evil</i> ${MARKUP}`.slice(0, 100);
  const connector = await hub.ok('POST', '/api/connectors', { name, url: server.url, authType: 'none' });
  const agent = await hub.ok('POST', '/api/agents', { name });
  await hub.ok('PUT', `/api/agents/${agent.id}/connectors/${connector.id}`, { allTools: true });
  for (const path of [
    '/connectors',
    `/connectors/${connector.id}`,
    `/connectors/${connector.id}?tab=tools`,
    `/connectors/${connector.id}?tab=agents`,
    `/connectors/${connector.id}?tab=transcript`,
    `/connectors/${connector.id}?tab=settings`,
    '/agents',
    `/agents/${agent.id}`,
    '/activity',
    '/health',
    '/settings/people',
  ]) {
    await page.goto(`${hub.url}${path}`);
    await page.getByRole('main').waitFor();
    if (/^\/(connectors|agents)/.test(path)) await page.getByText('<i>Evil</i>').first().waitFor();
    await expectWordsAlone();
  }
  await page.goto(`${hub.url}/connectors/${connector.id}?tab=tools`);
  await page.getByText('<b>bold</b>').first().waitFor();
});

test('plain pages show the words of a provider as words, with the style that they name', async () => {
  const { hub } = stage;
  const made = await hub.ok('POST', '/api/connectors', {
    name: 'S',
    url: sentry.mcpUrl,
    authType: 'oauth',
    credentialMode: 'shared',
  });
  const body = JSON.stringify({ error: MARKUP, error_description: MARKUP });
  sentry.faults.answer = { token: { status: 400, headers: { 'content-type': 'application/json' }, body } };
  const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
  const stranger = await stage.visitor();
  await stranger.goto(connectUrl);
  delete sentry.faults.answer;
  expect(await stranger.locator('blockquote').textContent()).toContain('<script>');
  expect(await stranger.evaluate(() => (globalThis as { pwned?: unknown }).pwned)).toBeUndefined();
  // The style holds: else the heading would be as large as a browser makes it.
  expect(await stranger.locator('main').evaluate((main) => getComputedStyle(main).maxWidth)).not.toBe('none');
  await stranger.goto(`${hub.url}/api/docs`);
  expect(await stranger.locator('main').evaluate((main) => getComputedStyle(main).maxWidth)).not.toBe('none');
  await stranger.context().close();
  await page.goto(`${hub.url}/connectors/${made.id}`);
  await expectWordsAlone();
});

test('after a connection neither address nor history nor storage holds a secret', async () => {
  const { hub } = stage;
  const [made] = (await hub.ok('GET', '/api/connectors')).items.filter((one: { name: string }) => one.name === 'S');
  await page.goto(`${hub.url}/connectors`);
  const { connectUrl } = await hub.ok('POST', `/api/connectors/${made.id}/connect`, {});
  await page.goto(connectUrl);
  await page.waitForURL(/connected=/);
  expect(page.url()).not.toMatch(/code=|state=|iss=/);
  await page.goBack();
  expect(page.url()).toBe(`${hub.url}/connectors`);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  for (const secret of sentry.secretsIssued) if (secret.length >= 12) expect(kept).not.toContain(secret);
  expect(kept).not.toMatch(/chatelaine_session|chl[at]_/);
  expect(await page.evaluate(async () => (await caches.keys()).length).catch(() => 0)).toBe(0);
});

test('a key that is shown once is in no storage, and gone when the page is', async () => {
  const { hub } = stage;
  const agent = (await hub.ok('POST', '/api/agents', { name: 'Keyed' })).id;
  const shown = page.waitForResponse(
    (response) => response.url().endsWith(`/api/agents/${agent}/keys`) && response.request().method() === 'POST',
  );
  await page.goto(`${hub.url}/agents/${agent}`);
  const { key } = await page.evaluate(async (path) => {
    const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    return answer.json() as Promise<{ key: string }>;
  }, `/api/agents/${agent}/keys`);
  expect((await shown).headers()['cache-control']).toBe('no-store');
  expect(key).toMatch(/^chla_/);
  await page.reload();
  expect(await page.content()).not.toContain(key);
});

test('another site can put no page of ours into a frame', async () => {
  const frames = await stage.visitor();
  await frames.setContent(
    `<iframe src="${stage.hub.url}/sign-in"></iframe><iframe src="${stage.hub.url}/api/docs"></iframe>`,
  );
  await frames.waitForTimeout(0);
  const shown = await Promise.all(
    frames
      .frames()
      .slice(1)
      .map((frame) => frame.evaluate(() => document.body?.textContent ?? '').catch(() => '')),
  );
  expect(shown.join('')).not.toMatch(/Sign in|Chatelaine API/);
  await frames.context().close();
});
