// GET /api/flows/{flow}: how a connection that landed on a page with `?error=…&flow=…` ended, for the browser in
// which it ran and for no other: its cookie says so, whoever is signed in.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { ChatelaineError } from '../../errors.ts';
import { needs } from '../authn.ts';
import { readBrowser } from '../browser/browser-cookie.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { isErrorCode, titleOf } from '../problem.ts';
import { failures, json } from './shapes.ts';

const outcome = z
  .object({
    code: z.string(),
    title: z.string(),
    message: z.string(),
    providerCode: z.string().nullable().openapi({ description: 'The provider’s own word; foreign text' }),
    providerText: z.string().nullable().openapi({ description: 'Likewise' }),
  })
  .openapi('FlowOutcome');

export function mountFlows(app: OpenAPIHono<HttpEnvironment>, { hub }: HttpDependencies): void {
  app.openapi(
    createRoute({
      tags: ['Connectors'],
      ...needs('nobody'),
      method: 'get',
      path: '/api/flows/{flow}',
      summary: 'How a connection that was begun in this browser failed',
      request: {
        params: z.object({
          flow: z
            .string()
            .max(100)
            .openapi({ param: { name: 'flow', in: 'path' } }),
        }),
      },
      responses: { 200: json(outcome, 'What to tell the person'), ...failures },
    }),
    async (c) => {
      const found = await hub.browser.outcome(c.req.valid('param').flow, readBrowser(c, hub.baseUrl));
      if (found === null)
        throw new ChatelaineError('not_found', 'Nothing is known of this connection in this browser.');
      const title = isErrorCode(found.code) ? titleOf(found.code) : 'The connection was not made';
      return c.json({ title, ...found }, 200);
    },
  );
}
