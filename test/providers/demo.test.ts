// The demo's four providers: what the hub's form needs, and a consent page that waits for a click.
import { expect, test } from 'vitest';
import { startDemoProviders } from '../../providers/index.ts';
import { authorizationUrl, browse, post, register, toolNames } from './by-hand.ts';

test('all four start, each with what to paste, and ask before they consent', async () => {
  const providers = await startDemoProviders({ firstPort: 0 });
  try {
    expect(providers.map(({ connector }) => [connector.name, connector.authType])).toEqual([
      ['Linear', 'oauth'],
      ['Sentry', 'oauth'],
      ['Granola', 'oauth'],
      ['Render', 'bearer'],
    ]);
    const [linear, , , render] = providers;
    if (!linear || !render) throw new Error('four were expected');
    const token = render.connector.apiKey ?? '';
    expect(await toolNames(await post(render, 'tools/list', {}, { token }))).toHaveLength(24);
    const { page } = await browse(linear, authorizationUrl(linear, await register(linear)).url);
    expect(await page?.text()).toContain('Allow');
  } finally {
    await Promise.all(providers.map((provider) => provider.close()));
  }
});

test('a port that is taken fails the start and leaves nothing running', async () => {
  const running = await startDemoProviders({ firstPort: 0 });
  const port = Number(new URL(running[0]?.origin ?? '').port);
  await expect(startDemoProviders({ firstPort: port })).rejects.toThrow('EADDRINUSE');
  await Promise.all(running.map((provider) => provider.close()));
});
