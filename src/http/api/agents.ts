// /api/agents: records, grants, own credentials.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AgentRecord } from '../../store/records.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { body, callLimit, failures, idParameter, iso, json, pageOf, pageQuery, time } from './shapes.ts';

const tags = ['Agents'];
const sees = { tags, ...needs('viewer') };
const changes = { tags, ...needs('operator') };

const limits = z.object({
  callsPerMinute: callLimit('callsPerMinute', 'Calls within a minute'),
  callsInFlight: callLimit('callsInFlight', 'Calls under way at once'),
});
const agentInput = z.strictObject({
  name: z.string(),
  enabled: z.boolean().optional(),
  limits: limits.partial().strict().optional(),
});

const agent = z
  .object({ id: z.string(), name: z.string(), enabled: z.boolean(), limits, createdAt: time, updatedAt: time })
  .openapi('Agent');
const agentConnector = z
  .object({
    connectorId: z.string(),
    connectorKey: z.string(),
    name: z.string(),
    authType: z.string(),
    credentialMode: z.string().nullable(),
    state: z.enum([
      'usable',
      'connect_required',
      'secret_required',
      'reauthorization_required',
      'needs_scope',
      'error',
    ]),
    reason: z.string().nullable(),
    allTools: z.boolean().openapi({ description: 'All tools of this connector, new ones too' }),
    tools: z.array(
      z.object({
        name: z.string(),
        offeredName: z.string(),
        title: z.string().nullable(),
        description: z.string().nullable(),
        granted: z.boolean(),
        held: z.boolean().openapi({ description: 'Changed, and callable by nobody until the change is approved' }),
        state: z.string(),
      }),
    ),
  })
  .openapi('AgentConnector');
const connectorParameters = idParameter.extend({
  connectorId: z
    .string()
    .max(100)
    .openapi({ param: { name: 'connectorId', in: 'path' } }),
});

const agentView = (record: AgentRecord) => ({
  ...record,
  createdAt: iso(record.createdAt),
  updatedAt: iso(record.updatedAt),
});

export function mountAgents(app: OpenAPIHono<HttpEnvironment>, { hub }: HttpDependencies): void {
  app.openapi(
    createRoute({
      ...sees,
      method: 'get',
      path: '/api/agents',
      summary: 'List agents',
      request: { query: pageQuery },
      responses: { 200: json(pageOf(agent), 'A page of agents'), ...failures },
    }),
    async (c) => {
      const page = await hub.agents.list(c.req.valid('query'));
      return c.json({ items: page.items.map(agentView), nextCursor: page.nextCursor }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'post',
      path: '/api/agents',
      summary: 'Add an agent',
      request: body(agentInput),
      responses: { 201: json(agent, 'The agent'), ...failures },
    }),
    async (c) => c.json(agentView(await hub.agents.create(c.req.valid('json'), c.get('actor'))), 201),
  );

  app.openapi(
    createRoute({
      ...sees,
      method: 'get',
      path: '/api/agents/{id}',
      summary: 'One agent',
      request: { params: idParameter },
      responses: { 200: json(agent, 'The agent'), ...failures },
    }),
    async (c) => c.json(agentView(await hub.agents.get(c.req.valid('param').id)), 200),
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'patch',
      path: '/api/agents/{id}',
      summary: 'Rename, limit, enable or disable an agent',
      request: { params: idParameter, ...body(agentInput.partial()) },
      responses: { 200: json(agent, 'The agent'), ...failures },
    }),
    async (c) =>
      c.json(agentView(await hub.agents.update(c.req.valid('param').id, c.req.valid('json'), c.get('actor'))), 200),
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'delete',
      path: '/api/agents/{id}',
      summary: 'Remove an agent with its keys, grants and credentials',
      request: { params: idParameter },
      responses: { 204: { description: 'Removed' }, ...failures },
    }),
    async (c) => {
      await hub.agents.delete(c.req.valid('param').id, c.get('actor'));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      ...sees,
      method: 'get',
      path: '/api/agents/{id}/connectors',
      summary: 'What this agent can do with each connector',
      request: { params: idParameter, query: pageQuery },
      responses: { 200: json(pageOf(agentConnector), 'A row for each connector'), ...failures },
    }),
    async (c) => c.json((await hub.agents.connectors(c.req.valid('param').id, c.req.valid('query'))) as never, 200),
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'put',
      path: '/api/agents/{id}/tools',
      summary: 'Set the whole list of granted tools, by mcp__{key}__{tool}',
      request: { params: idParameter, ...body(z.strictObject({ tools: z.array(z.string().max(400)).max(20_000) })) },
      responses: { 200: json(z.object({ tools: z.array(z.string()) }), 'The grants as they stand'), ...failures },
    }),
    async (c) => {
      const { tools } = c.req.valid('json');
      await hub.agents.setTools(c.req.valid('param').id, tools, c.get('actor'));
      return c.json({ tools: [...new Set(tools)].sort() }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'put',
      path: '/api/agents/{id}/connectors/{connectorId}',
      summary: 'Grant all tools of a connector, new ones too, or take that back; single grants stay',
      request: { params: connectorParameters, ...body(z.strictObject({ allTools: z.boolean() })) },
      responses: { 200: json(agentConnector, 'What this agent can do with the connector now'), ...failures },
    }),
    async (c) => {
      const { id, connectorId } = c.req.valid('param');
      const { allTools } = c.req.valid('json');
      return c.json((await hub.agents.setAllTools(id, connectorId, allTools, c.get('actor'))) as never, 200);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'put',
      path: '/api/agents/{id}/credentials/{connectorId}',
      summary: 'Set this agent’s own static secret',
      request: { params: connectorParameters, ...body(z.strictObject({ secret: z.string() })) },
      responses: {
        200: json(z.object({ configured: z.literal(true), setAt: time }), 'It is kept; it is never returned'),
        ...failures,
      },
    }),
    async (c) => {
      const { id, connectorId } = c.req.valid('param');
      const credential = await hub.agents.setCredential(id, connectorId, c.req.valid('json').secret, c.get('actor'));
      return c.json({ configured: true as const, setAt: iso(credential.setAt) }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'delete',
      path: '/api/agents/{id}/credentials/{connectorId}',
      summary: 'Disconnect this agent from a connector',
      request: { params: connectorParameters },
      responses: { 204: { description: 'Forgotten' }, ...failures },
    }),
    async (c) => {
      const { id, connectorId } = c.req.valid('param');
      await hub.agents.disconnect(id, connectorId, c.get('actor'));
      return c.body(null, 204);
    },
  );
}
