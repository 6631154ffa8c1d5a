// /api/audit: who did what, when.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { failures, iso, json, pageOf, pageQuery, time } from './shapes.ts';

const entry = z
  .object({
    id: z.string(),
    at: time,
    actor: z.string(),
    action: z.string(),
    connectorId: z.string().nullable(),
    agentId: z.string().nullable(),
    credentialId: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .openapi('AuditEntry');

export function mountAudit(app: OpenAPIHono<HttpEnvironment>, { hub }: HttpDependencies): void {
  app.openapi(
    createRoute({
      tags: ['Audit'],
      ...needs('viewer'),
      method: 'get',
      path: '/api/audit',
      summary: 'Who did what, newest first',
      request: {
        query: pageQuery.extend({
          connectorId: z.string().optional(),
          agentId: z.string().optional(),
          action: z.string().optional(),
        }),
      },
      responses: { 200: json(pageOf(entry), 'A page of entries'), ...failures },
    }),
    async (c) => {
      const { connectorId, agentId, action, ...page } = c.req.valid('query');
      const found = await hub.audit.list({ connectorId, agentId, action }, page);
      return c.json(
        { items: found.items.map((record) => ({ ...record, at: iso(record.at) })), nextCursor: found.nextCursor },
        200,
      );
    },
  );
}
