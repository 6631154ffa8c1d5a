// /api/tokens: API tokens with a role, for automation.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { ApiTokenRecord } from '../../store/records.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { body, failures, idParameter, iso, isoOrNull, json, nullableTime, pageOf, pageQuery, time } from './shapes.ts';

const base = { tags: ['API tokens'], ...needs('owner') };
const role = z
  .enum(['owner', 'operator', 'reader'])
  .openapi({ description: 'As people have them; `reader` is what a viewer may' });
const apiToken = z
  .object({
    id: z.string(),
    label: z.string(),
    role,
    prefix: z.string(),
    createdAt: time,
    expiresAt: nullableTime,
    lastUsedAt: nullableTime,
  })
  .openapi('ApiToken');

const view = ({ id, label, role: granted, prefix, createdAt, expiresAt, lastUsedAt }: ApiTokenRecord) => ({
  id,
  label,
  role: granted,
  prefix,
  createdAt: iso(createdAt),
  expiresAt: isoOrNull(expiresAt),
  lastUsedAt: isoOrNull(lastUsedAt),
});

export function mountTokens(app: OpenAPIHono<HttpEnvironment>, { hub, people }: HttpDependencies): void {
  app.openapi(
    createRoute({
      ...base,
      method: 'get',
      path: '/api/tokens',
      summary: 'List API tokens',
      request: { query: pageQuery },
      responses: { 200: json(pageOf(apiToken), 'A page of tokens, without the tokens themselves'), ...failures },
    }),
    async (c) => {
      const page = await hub.apiTokens.list(c.req.valid('query'));
      return c.json({ items: page.items.map(view), nextCursor: page.nextCursor }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'post',
      path: '/api/tokens',
      summary: 'Make an API token; it is in this answer only',
      request: body(
        z.strictObject({ label: z.string().max(100).optional(), role, expiresAt: time.nullable().optional() }),
      ),
      responses: { 201: json(apiToken.extend({ token: z.string() }), 'The token'), ...failures },
    }),
    async (c) => {
      const { label, role: wanted, expiresAt } = c.req.valid('json');
      const made = await hub.apiTokens.create(
        { label, role: wanted, expiresAt: expiresAt == null ? null : Date.parse(expiresAt) },
        c.get('actor'),
      );
      const actor = c.get('actor');
      await people.checkStanding(actor, () => hub.apiTokens.delete(made.record.id, actor));
      return c.json({ ...view(made.record), token: made.token.reveal() }, 201);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'delete',
      path: '/api/tokens/{id}',
      summary: 'Revoke an API token',
      request: { params: idParameter },
      responses: { 204: { description: 'Revoked' }, ...failures },
    }),
    async (c) => {
      await hub.apiTokens.delete(c.req.valid('param').id, c.get('actor'));
      return c.body(null, 204);
    },
  );
}
