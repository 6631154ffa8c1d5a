// A hub with its page, at a port of its own, with an owner and as many connectors and tools as are asked for.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Browser, Page } from 'playwright-core';
import { startProvider } from '../../providers/index.ts';
import { createHub, type EmbeddedHub } from '../../src/server/create-hub.ts';
import { readWebPage } from '../../src/server/web-page-files.ts';
import { generateKey } from '../../src/vault/keyring.ts';
import { ME } from '../hub.ts';

const OWNER = { name: 'Ada Winter', email: 'ada@example.test', password: 'correct horse battery' };

export type Scene = {
  readonly url: string;
  readonly agentId: string;
  /** A window with an empty cache, signed in as the owner. */
  owner(browser: Browser): Promise<Page>;
  close(): Promise<void>;
};

export async function openScene(size: { connectors: number; tools: number }): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'chatelaine-bench-'));
  const provider = await startProvider('render');
  let handle: EmbeddedHub['fetch'] | undefined;
  const server = createServer(
    getRequestListener((request) => handle?.(request) ?? new Response(null, { status: 503 })),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const embedded = await createHub({
    url,
    database: { kind: 'sqlite', file: join(folder, 'chatelaine.db') },
    encryptionKeys: generateKey(),
    allowedPrivateHosts: '127.0.0.1',
    background: false,
    webPage: await readWebPage(),
  });
  handle = embedded.fetch;
  const { hub, people } = embedded;
  const post = async (path: string, body: unknown, page?: Page): Promise<void> => {
    const headers = { origin: url, 'content-type': 'application/json' };
    const answer = page
      ? await page.context().request.post(`${url}${path}`, { data: body, headers })
      : await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), headers });
    const ok = typeof answer.ok === 'function' ? answer.ok() : answer.ok;
    if (!ok) throw new Error(`${path}: ${await answer.text()}`);
  };
  await post('/api/setup', { code: (await people.setup.newCode())?.reveal(), ...OWNER });

  provider.setTools((tools) =>
    Array.from({ length: size.tools }, (_, index) => ({
      ...(tools[index % tools.length] as (typeof tools)[0]),
      name: `tool_${index}`,
    })),
  );
  const made = await hub.connectors.create({ name: 'Many', url: provider.mcpUrl, authType: 'none' }, ME);
  if (made.tools.count !== size.tools)
    throw new Error(`listed ${made.tools.count} tools: ${made.tools.lastError?.message}`);
  for (let index = 1; index < size.connectors; index += 1)
    await hub.connectors.create(
      {
        name: `Service ${index}`,
        url: `http://127.0.0.1:4999/${index}`,
        authType: 'bearer',
        credentialMode: 'per_agent',
      },
      ME,
    );
  const agent = await hub.agents.create({ name: 'Deployer' }, ME);
  return {
    url,
    agentId: agent.id,
    async owner(browser) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
      const page = await context.newPage();
      await post('/api/sign-in', { email: OWNER.email, password: OWNER.password }, page);
      return page;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await embedded.close();
      await provider.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
