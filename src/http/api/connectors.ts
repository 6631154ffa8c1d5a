// /api/connectors: records, probing, connecting, syncing, transcripts.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { TRY_METHODS } from '../../hub/try-request.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import {
  connector,
  connectorChange,
  connectorInput,
  consent,
  probeResult,
  syncResult,
  transcriptEntry,
} from './connector-shapes.ts';
import {
  body,
  failures,
  idParameter,
  iso,
  isoOrNull,
  json,
  optionalBody,
  pageOf,
  pageQuery,
  serverQuestions,
  time,
} from './shapes.ts';

const tags = ['Connectors'];
const sees = { tags, ...needs('viewer') };
const changes = { tags, ...needs('operator') };

export function mountConnectors(app: OpenAPIHono<HttpEnvironment>, { hub, views }: HttpDependencies): void {
  app.openapi(
    createRoute({
      ...changes,
      method: 'post',
      path: '/api/connectors/probe',
      summary: 'Look at a server without saving anything',
      request: body(z.strictObject({ url: z.string(), headers: z.record(z.string(), z.string()).optional() })),
      responses: { 200: json(probeResult, 'What was found, with every request that was made'), ...failures },
    }),
    async (c) => {
      const found = await hub.connectors.probe(c.req.valid('json'));
      return c.json(
        { ...found, requests: found.requests.map((entry) => ({ ...entry, at: iso(entry.at) })) } as never,
        200,
      );
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'post',
      path: '/api/connectors',
      summary: 'Add a connector; without authType the server is looked at and the choice made',
      request: body(connectorInput),
      responses: { 201: json(connector, 'The connector'), ...failures },
    }),
    async (c) => c.json((await hub.connectors.create(c.req.valid('json'), c.get('actor'))) as never, 201),
  );

  app.openapi(
    createRoute({
      ...sees,
      method: 'get',
      path: '/api/connectors',
      summary: 'List connectors',
      request: { query: pageQuery },
      responses: { 200: json(pageOf(connector), 'A page of connectors'), ...failures },
    }),
    async (c) => c.json((await hub.connectors.list(c.req.valid('query'))) as never, 200),
  );

  app.openapi(
    createRoute({
      ...sees,
      method: 'get',
      path: '/api/connectors/{id}',
      summary: 'One connector',
      request: { params: idParameter },
      responses: {
        200: json(
          connector.extend({ consent: consent.nullable() }),
          'The connector, and who gave its shared credential',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const found = await hub.connectors.get(c.req.valid('param').id);
      const given = await views.consent(found.id);
      const shown =
        given === null ? null : { ...given, at: iso(given.at), nextRefreshAt: isoOrNull(given.nextRefreshAt) };
      return c.json({ ...found, consent: shown } as never, 200);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'patch',
      path: '/api/connectors/{id}',
      summary: 'Change a connector; a blank or absent secret keeps the stored one',
      request: { params: idParameter, ...body(connectorChange) },
      responses: {
        200: json(
          connector.extend({ droppedSecrets: z.array(z.string()) }),
          'The connector, and which secrets a move to another origin dropped',
        ),
        ...failures,
      },
    }),
    async (c) =>
      c.json((await hub.connectors.update(c.req.valid('param').id, c.req.valid('json'), c.get('actor'))) as never, 200),
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'delete',
      path: '/api/connectors/{id}',
      summary: 'Remove a connector, revoking its tokens',
      request: { params: idParameter },
      responses: { 204: { description: 'Removed' }, ...failures },
    }),
    async (c) => {
      await hub.connectors.delete(c.req.valid('param').id, c.get('actor'));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'post',
      path: '/api/connectors/{id}/connect',
      summary: 'Discover, register where needed, and get a one-time connect link',
      request: {
        params: idParameter,
        ...optionalBody(
          z.strictObject({ agentId: z.string().nullable().optional(), returnTo: z.string().nullable().optional() }),
        ),
      },
      responses: {
        200: json(z.object({ connectUrl: z.string(), expiresAt: time }), 'The link, valid 10 minutes'),
        ...failures,
      },
    }),
    async (c) => {
      const { agentId, returnTo } = c.req.valid('json');
      const link = await hub.connectors.connect(
        c.req.valid('param').id,
        { agentId: agentId ?? null, returnTo: returnTo ?? null },
        c.get('actor'),
      );
      return c.json({ connectUrl: link.connectUrl, expiresAt: iso(link.expiresAt) }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'post',
      path: '/api/connectors/{id}/sync',
      summary: 'List the tools now',
      request: { params: idParameter, ...optionalBody(z.strictObject({ agentId: z.string().nullable().optional() })) },
      responses: { 200: json(syncResult, 'What changed'), ...failures },
    }),
    async (c) => {
      const result = await hub.connectors.sync(
        c.req.valid('param').id,
        c.req.valid('json').agentId ?? null,
        c.get('actor'),
      );
      return c.json({ ...result, syncedAt: iso(result.syncedAt) } as never, 200);
    },
  );

  app.openapi(
    createRoute({
      ...sees,
      method: 'get',
      path: '/api/connectors/{id}/transcript',
      summary: 'Every step with the provider, newest first, never a secret',
      request: { params: idParameter, query: pageQuery },
      responses: { 200: json(pageOf(transcriptEntry), 'A page of steps'), ...failures },
    }),
    async (c) => {
      const page = await hub.connectors.transcript(c.req.valid('param').id, c.req.valid('query'));
      const items = page.items.map(({ connectorId: _connector, ...entry }) => ({ ...entry, at: iso(entry.at) }));
      return c.json({ items, nextCursor: page.nextCursor }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'post',
      path: '/api/connectors/{id}/registration',
      summary: 'Forget the registration at this issuer and register again',
      request: { params: idParameter },
      responses: {
        200: json(z.object({ issuer: z.string(), registration: z.string() }), 'How we are known now'),
        ...failures,
      },
    }),
    async (c) => c.json(await hub.connectors.registerAgain(c.req.valid('param').id, c.get('actor')), 200),
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'delete',
      path: '/api/connectors/{id}/credential',
      summary: 'Disconnect: revoke at the provider where it can, forget here always',
      request: { params: idParameter },
      responses: { 204: { description: 'Forgotten' }, ...failures },
    }),
    async (c) => {
      await hub.connectors.disconnect(c.req.valid('param').id, c.get('actor'));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'post',
      path: '/api/connectors/{id}/requests',
      summary: 'Send one MCP request to the server with its credential, to try a tool or find out what is wrong',
      request: {
        params: idParameter,
        ...body(
          z.strictObject({
            method: z.enum(TRY_METHODS),
            params: z.record(z.string(), z.unknown()).optional(),
            agentId: z.string().nullable().optional(),
            ...serverQuestions,
            protocolVersion: z.string().optional(),
          }),
        ),
      },
      responses: {
        200: json(
          z.object({ resultType: z.enum(['complete', 'input_required']), result: z.record(z.string(), z.unknown()) }),
          'The server’s own result',
        ),
        ...failures,
      },
    }),
    async (c) =>
      c.json(await hub.connectors.request(c.req.valid('param').id, c.req.valid('json'), c.get('actor')), 200),
  );
}
