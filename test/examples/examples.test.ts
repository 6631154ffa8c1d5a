// The examples run, against real servers, as they stand in the folder.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { embed } from '../../examples/embedded.ts';
import { headersFor } from '../../examples/one-agent.ts';
import { startProvider } from '../../providers/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatelaine-example-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a hub embedded in somebody’s own app answers below its mount path', async () => {
  const { app, hub, close } = await embed('http://127.0.0.1:4100', join(folder, 'embedded.db'));
  const { token } = await hub.apiTokens.create({ role: 'owner' }, { name: 'test' });
  const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  expect(await (await fetch(base)).text()).toBe('my own application');
  const headers = { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' };
  const made = await fetch(`${base}/keys/api/agents`, { method: 'POST', headers, body: '{"name":"Embedded"}' });
  expect(made.status).toBe(201);
  const metadata = (await (await fetch(`${base}/keys/oauth/client.json`)).json()) as { redirect_uris: string[] };
  expect(metadata.redirect_uris).toEqual(['http://127.0.0.1:4100/keys/oauth/callback']);
  await new Promise((resolve) => server.close(resolve));
  await close();
});

test('without HTTP, an agent’s headers come from one call', async () => {
  const render = await startProvider('render');
  const key = render.apiKeys?.issue('ada@example.test') ?? '';
  const { headers, tools } = await headersFor(render.mcpUrl, key, join(folder, 'one.db'), '127.0.0.1');
  expect(headers).toEqual({ authorization: `Bearer ${key}` });
  expect(tools).toBe(24);
  await render.close();
});
