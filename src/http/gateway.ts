// The gateway's web-standard door: `/mcp`, `/mcp/{key}` and their protected resource metadata (RFC 9728). The
// checks of Host and Origin stand before it as before every route; who calls is the gateway's own question.

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AgentHttp } from '../gateway/agent-call.ts';
import { asResponse } from '../gateway/answers.ts';
import { HangUp } from '../hang-up.ts';
import { readText } from '../mcp/read-body.ts';
import type { HttpDependencies, HttpEnvironment } from './environment.ts';

/** The form of a connector key, so that nothing else is echoed in a metadata document. */
const KEY = ':key{[a-z0-9_]{1,64}}';

export function mountGateway(app: OpenAPIHono<HttpEnvironment>, { gateway }: HttpDependencies): void {
  const handle = async (request: Request, key: string | null): Promise<Response> =>
    asResponse(await gateway.handle(agentHttp(request), key));
  app.all('/mcp', (c) => handle(c.req.raw, null));
  app.all(`/mcp/${KEY}`, (c) => handle(c.req.raw, c.req.param('key') ?? ''));
  app.get('/.well-known/oauth-protected-resource/mcp', () => asResponse(gateway.metadata(null)));
  app.get(`/.well-known/oauth-protected-resource/mcp/${KEY}`, (c) =>
    asResponse(gateway.metadata(c.req.param('key') ?? '')),
  );
}

function agentHttp(request: Request): AgentHttp {
  return {
    method: request.method,
    headers: Object.fromEntries(request.headers),
    text: (maxBytes) =>
      readText(new Response(request.body), maxBytes).then(
        ({ text }) => text,
        () => null,
      ),
    hangUp: HangUp.of(request.signal),
  };
}
