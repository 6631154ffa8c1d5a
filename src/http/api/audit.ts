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
    actorName: z.string().nullable().openapi({ description: 'Of a person who is still here' }),
    actorEmail: z.string().nullable().openapi({ description: 'Likewise; nobody else can have it' }),
    action: z.string(),
    connectorId: z.string().nullable(),
    agentId: z.string().nullable(),
    credentialId: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .openapi('AuditEntry');

export function mountAudit(app: OpenAPIHono<HttpEnvironment>, { hub, people }: HttpDependencies): void {
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
      const byPeople = found.items.some(({ actor }) => actor.startsWith('person:'));
      const names = byPeople ? await people.names() : new Map<string, { name: string; email: string }>();
      return c.json(
        {
          items: found.items.map((record) => {
            const person = names.get(record.actor.replace(/^person:/, ''));
            const { name: actorName = null, email: actorEmail = null } = person ?? {};
            return { ...record, at: iso(record.at), actorName, actorEmail };
          }),
          nextCursor: found.nextCursor,
        },
        200,
      );
    },
  );
}
