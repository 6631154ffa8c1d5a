import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DemoScene } from '../../src/cli/demo-announcement.ts';
import { Browser } from '../support/browser.ts';
import { runCli, startCli } from './run-cli.ts';

let data = '';
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'chatelaine-demo-'));
});
afterAll(() => rm(data, { recursive: true, force: true }));

test('four connectors are ready to connect, at a second start too, whose providers know nobody any more', async () => {
  const args = ['demo', '--port', '0', '--providers-port', String(await freePorts(4)), '--data', data];
  const scenes: DemoScene[] = [];
  for (let start = 1; start <= 2; start += 1) {
    const {
      process: child,
      line,
      ended,
    } = await startCli([...args, '--json'], { env: { CHATELAINE_DATABASE_URL: 'postgres://elsewhere' } });
    const scene = JSON.parse(line) as DemoScene;
    scenes.push(scene);
    expect(scene.connectors.map(({ name }) => name)).toEqual(['Linear', 'Sentry', 'Granola', 'Render']);
    for (const { connectUrl, providerUrl } of scene.connectors) {
      if (connectUrl === null) continue;
      // The page on which a person signs in: the provider accepted who asks.
      const page = await new Browser().follow(connectUrl);
      expect([page.status, page.url.origin]).toEqual([200, providerUrl]);
      expect(page.text).toMatch(/Allow/);
    }
    const browser = new Browser();
    await browser.get(scene.signInUrl);
    expect([...browser.cookies('127.0.0.1').keys()]).toEqual(['chatelaine_session']);
    expect((await new Browser().get(scene.signInUrl)).status).toBe(404);
    const render = scene.connectors.find(({ apiKey }) => apiKey !== null);
    const path = `/api/agents/${scene.agentId}/credentials/${render?.id}`;
    const headers = { authorization: `Bearer ${scene.token}`, 'content-type': 'application/json' };
    const put = await fetch(`${scene.url}${path}`, {
      method: 'PUT',
      headers,
      body: JSON.stringify({ secret: render?.apiKey }),
    });
    expect(put.status).toBe(200);
    if (start === 2) {
      const taken = await runCli([...args]);
      expect([taken.code, taken.stderr]).toEqual([
        1,
        expect.stringMatching(/^chatelaine: A port from \d+ to \d+ is in use.*\n$/),
      ]);
    }
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
  }
  const [first, second] = scenes;
  expect(second?.connectors.map(({ id }) => id)).toEqual(first?.connectors.map(({ id }) => id));
  expect(second?.token).not.toBe(first?.token);
});

/** The first of `count` neighbouring ports that are free, below those that the system hands out itself. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (free.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
