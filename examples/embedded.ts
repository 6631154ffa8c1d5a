// A hub inside an application of one's own: Hono here; Express and Next mount the same fetch handler.

import { createHub, generateKey } from 'chatelaine';
import { Hono } from 'hono';

export async function embed(url: string, file: string, encryptionKeys = generateKey()) {
  const chatelaine = await createHub({ url: `${url}/keys`, database: { kind: 'sqlite', file }, encryptionKeys });
  const app = new Hono();
  app.get('/', (c) => c.text('my own application'));
  app.all('/keys/*', (c) => chatelaine.fetch(c.req.raw));
  return { app, hub: chatelaine.hub, close: chatelaine.close };
}
