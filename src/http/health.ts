// Liveness, readiness, metrics: for machines, without a token and on any Host.

import type { Hono } from 'hono';
import type { HttpDependencies, HttpEnvironment } from './environment.ts';
import { problemResponse } from './problem.ts';

export function mountHealth(app: Hono<HttpEnvironment>, { hub, metrics, version }: HttpDependencies): void {
  app.get('/healthz', (c) => c.json({ status: 'ok', version }));
  app.get('/readyz', async (c) => {
    try {
      await hub.ping();
      return c.json({ status: 'ready' });
    } catch (error) {
      return problemResponse(c, error);
    }
  });
  app.get('/metrics', async (c) => {
    const { text, contentType } = await metrics.read();
    return c.body(text, 200, { 'content-type': contentType });
  });
}
