// Listing the tools of every connector: how far it has come, with one that answers, one that is down, one that is slow.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { miniServer, modern, result, tool } from '../mcp/mini-server.ts';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { HANDS } from './hands.ts';
import { openStage, type Stage } from './stage.ts';

describe.each(HANDS)('%s', (_name, handAt) => {
  let stage: Stage;
  let render: RunningProvider;

  beforeAll(async () => {
    [stage, render] = await Promise.all([openStage(), startProvider('render')]);
  });
  afterAll(async () => {
    await stage?.close();
    await render?.close();
  });

  test('each server counts once, whether it answered or failed, and the page shows when all are through', async () => {
    let hold = Promise.resolve();
    let name = 'first';
    const slow = await miniServer(
      modern((seen, response) => {
        if (seen.rpc.method !== 'tools/list') return false;
        void hold.then(() =>
          result(response, seen, { resultType: 'complete', tools: [tool(name)], ttlMs: 60_000, cacheScope: 'private' }),
        );
        return true;
      }),
    );
    const gone = await startProvider('render');
    await gone.close();
    const { hub } = stage;
    const open = { authType: 'none' };
    await hub.ok('POST', '/api/connectors', { ...open, name: 'Slow', url: slow.url });
    await hub.ok('POST', '/api/connectors', { ...open, name: 'Render', url: render.mcpUrl });
    await hub.ok('POST', '/api/connectors', { ...open, name: 'Down', url: gone.mcpUrl });

    const page = await stage.owner();
    const hand = handAt(page);
    await page.goto(`${hub.url}/connectors`);
    const released = Promise.withResolvers<void>();
    hold = released.promise;
    name = 'second';
    await hand.press(page.getByRole('button', { name: 'Sync all' }));
    await page.getByRole('status').getByText('Syncing 2 of 3').waitFor();
    await hand.steady();
    released.resolve();
    await page.getByRole('button', { name: 'Sync all' }).waitFor();
    await hand.press(page.getByRole('link', { name: 'Slow', exact: true }));
    await hand.press(page.getByRole('link', { name: /^Tools/ }));
    await page.getByText('second', { exact: true }).waitFor();
    await hand.steady();
  });

  test('no page broke the content security policy or threw', () => {
    expect(stage.complaints).toEqual([]);
  });
});
