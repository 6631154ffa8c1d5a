// Mounts the gateway: `/mcp`, `/mcp/{key}` and their protected resource metadata (RFC 9728). The checks of
// Host and Origin stand before it as before every route; who calls is the gateway's own question.

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { HttpDependencies, HttpEnvironment } from './environment.ts';

/** The form of a connector key, so that nothing else is echoed in a metadata document. */
const KEY = ':key{[a-z0-9_]{1,64}}';

export function mountGateway(app: OpenAPIHono<HttpEnvironment>, { gateway }: HttpDependencies): void {
  app.all('/mcp', (c) => gateway.handle(c.req.raw, null));
  app.all(`/mcp/${KEY}`, (c) => gateway.handle(c.req.raw, c.req.param('key') ?? ''));
  app.get('/.well-known/oauth-protected-resource/mcp', () => gateway.metadata(null));
  app.get(`/.well-known/oauth-protected-resource/mcp/${KEY}`, (c) => gateway.metadata(c.req.param('key') ?? ''));
}
