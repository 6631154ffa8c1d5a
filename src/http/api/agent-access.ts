// /api/agents/{id}/keys and the client configurations: how a program gets in.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CONFIG_CLIENTS } from '../../hub/client-config.ts';
import type { AgentKeyRecord } from '../../store/records.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { body, failures, idParameter, iso, isoOrNull, json, nullableTime, pageOf, pageQuery, time } from './shapes.ts';

/** A header must stay short, however many connectors there are. */
const OMITTED_SHOWN = 50;

const tags = ['Agents'];
const sees = { tags, ...needs('viewer') };
const changes = { tags, ...needs('operator') };

const agentKey = z
  .object({
    id: z.string(),
    label: z.string(),
    prefix: z.string(),
    createdAt: time,
    expiresAt: nullableTime,
    lastUsedAt: nullableTime,
  })
  .openapi('AgentKey');
const keyParameters = idParameter.extend({
  keyId: z
    .string()
    .max(100)
    .openapi({ param: { name: 'keyId', in: 'path' } }),
});
const client = z.enum(CONFIG_CLIENTS).optional();
const clientQuery = z.strictObject({ client: z.enum(CONFIG_CLIENTS).default('json') });

const keyView = ({ id, label, prefix, createdAt, expiresAt, lastUsedAt }: AgentKeyRecord) => ({
  id,
  label,
  prefix,
  createdAt: iso(createdAt),
  expiresAt: isoOrNull(expiresAt),
  lastUsedAt: isoOrNull(lastUsedAt),
});

export function mountAgentAccess(app: OpenAPIHono<HttpEnvironment>, { hub }: HttpDependencies): void {
  app.openapi(
    createRoute({
      ...changes,
      method: 'post',
      path: '/api/agents/{id}/keys',
      summary: 'Make an agent key; it is in this answer only',
      request: {
        params: idParameter,
        query: z.strictObject({ client }),
        ...body(
          z.strictObject({ label: z.string().max(100).optional(), expiresAt: time.nullable().optional(), client }),
        ),
      },
      responses: {
        201: json(
          agentKey.extend({ key: z.string(), config: z.record(z.string(), z.unknown()).optional() }),
          'The key; when a client was named, with the file of that client, the key filled in',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { label, expiresAt, ...body } = c.req.valid('json');
      const chosen = body.client ?? c.req.valid('query').client;
      const made = await hub.agents.createKey(
        c.req.valid('param').id,
        { label, expiresAt: expiresAt == null ? null : Date.parse(expiresAt) },
        c.get('actor'),
      );
      const config = chosen === undefined ? {} : { config: hub.agents.keyConfig(chosen, made.key) };
      return c.json({ ...keyView(made.record), key: made.key.reveal(), ...config }, 201);
    },
  );

  app.openapi(
    createRoute({
      ...sees,
      method: 'get',
      path: '/api/agents/{id}/keys',
      summary: 'List an agent’s keys',
      request: { params: idParameter, query: pageQuery },
      responses: { 200: json(pageOf(agentKey), 'A page of keys, without the keys themselves'), ...failures },
    }),
    async (c) => {
      const page = await hub.agents.keys(c.req.valid('param').id, c.req.valid('query'));
      return c.json({ items: page.items.map(keyView), nextCursor: page.nextCursor }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'delete',
      path: '/api/agents/{id}/keys/{keyId}',
      summary: 'Revoke an agent key',
      request: { params: keyParameters },
      responses: { 204: { description: 'Revoked' }, ...failures },
    }),
    async (c) => {
      const { id, keyId } = c.req.valid('param');
      await hub.agents.deleteKey(id, keyId, c.get('actor'));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      ...sees,
      method: 'get',
      path: '/api/agents/{id}/mcp-config',
      summary: 'The client’s own configuration file, pointing at the gateway',
      request: { params: idParameter, query: clientQuery },
      responses: {
        200: json(z.record(z.string(), z.unknown()), 'The file, with a placeholder for the key'),
        ...failures,
      },
    }),
    async (c) => c.json(await hub.agents.gatewayConfig(c.req.valid('param').id, c.req.valid('query').client), 200),
  );

  app.openapi(
    createRoute({
      tags,
      ...needs('owner'),
      method: 'get',
      path: '/api/agents/{id}/upstream-config',
      summary: 'The same shape with the servers’ own URLs and real headers; owner only, audited',
      request: { params: idParameter, query: clientQuery },
      responses: {
        200: json(
          z.record(z.string(), z.unknown()),
          'The file; connectors that cannot be used now stand in the header x-chatelaine-omitted',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { config, omitted } = await hub.agents.upstreamConfig(
        c.req.valid('param').id,
        c.req.valid('query').client,
        c.get('actor'),
      );
      if (omitted.length > 0)
        c.header(
          'x-chatelaine-omitted',
          omitted
            .slice(0, OMITTED_SHOWN)
            .map((row) => `${row.connectorKey};${row.state}`)
            .join(', '),
        );
      return c.json(config, 200);
    },
  );
}
