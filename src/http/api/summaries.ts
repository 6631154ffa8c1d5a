// Rows of whole lists: connectors and agents with their state and their last day, and the agents of a connector.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { MENDS } from '../../hub/mend.ts';
import type { ConnectorSummary } from '../../hub/summaries.ts';
import { PAGE_LIMIT_MAX } from '../../limits.ts';
import { COUNTED_MAX } from '../../work-limits.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { failures, idParameter, iso, isoOrNull, json, nullableTime, pageOf, pageQuery, time } from './shapes.ts';

const sees = needs('viewer');
const state = z.enum([
  'usable',
  'connect_required',
  'secret_required',
  'reauthorization_required',
  'needs_scope',
  'error',
]);
const counts = z.array(z.number().int());

const connectorSummary = z
  .object({
    id: z.string(),
    key: z.string(),
    name: z.string(),
    url: z.string(),
    authType: z.enum(['none', 'bearer', 'api_key_header', 'oauth']),
    credentialMode: z.enum(['shared', 'per_agent']).nullable(),
    state,
    reason: z.string().nullable(),
    action: z.enum(MENDS).nullable().openapi({ description: 'The one thing that mends it' }),
    reachable: z.boolean().nullable(),
    tools: z.object({
      count: z.number().int(),
      syncedAt: nullableTime,
      nextSyncAt: nullableTime,
      lastError: z.object({ code: z.string(), message: z.string(), at: time }).nullable(),
      changesWaiting: z.number().int().openapi({ description: 'Changed tools that nobody approved yet' }),
    }),
    agents: z.object({
      granted: z
        .number()
        .int()
        .openapi({ description: `Counted up to ${COUNTED_MAX}, as the next` }),
      connected: z.number().int().nullable().openapi({ description: 'With a credential of their own (per_agent)' }),
    }),
    calls: z.object({
      total: z.number().int(),
      errors: z.number().int(),
      series: z.object({ calls: counts, errors: counts }).openapi({ description: 'One figure for each of `hours`' }),
    }),
    expiresAt: nullableTime,
    createdAt: time,
  })
  .openapi('ConnectorSummary');

const agentSummary = z
  .object({
    id: z.string(),
    name: z.string(),
    enabled: z.boolean(),
    createdAt: time,
    connectors: z.object({
      granted: z.number().int(),
      usable: z.number().int(),
      needing: z.number().int().openapi({ description: 'Granted, but not usable now' }),
    }),
    tools: z.number().int().openapi({ description: 'Granted' }),
    keys: z.number().int(),
    lastUsedAt: nullableTime.openapi({ description: 'Of its keys' }),
    lastCallAt: nullableTime,
    calls: z.object({ total: z.number().int(), errors: z.number().int() }),
  })
  .openapi('AgentSummary');

const connectorAgent = z
  .object({
    agentId: z.string(),
    name: z.string(),
    enabled: z.boolean(),
    state,
    reason: z.string().nullable(),
    granted: z.number().int().openapi({ description: 'Single tools' }),
    allTools: z.boolean(),
    credential: z
      .object({
        configured: z.literal(true),
        setAt: time,
        expiresAt: nullableTime,
        scope: z.string().nullable(),
        refreshable: z.boolean(),
      })
      .nullable(),
  })
  .openapi('ConnectorAgent');

const listQuery = pageQuery.extend({
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).default(PAGE_LIMIT_MAX),
  search: z.string().max(200).optional().openapi({ description: 'Only those whose name (or key, or URL) holds this' }),
});
const withHours = { hours: z.array(time).openapi({ description: 'Starts of the hours of `calls.series`' }) };

const shownConnector = ({ tools, calls, ...row }: ConnectorSummary) => ({
  ...row,
  tools: {
    ...tools,
    syncedAt: isoOrNull(tools.syncedAt),
    nextSyncAt: isoOrNull(tools.nextSyncAt),
    lastError: tools.lastError === null ? null : { ...tools.lastError, at: iso(tools.lastError.at) },
  },
  calls: { ...calls, series: { calls: [...calls.series.calls], errors: [...calls.series.errors] } },
  expiresAt: isoOrNull(row.expiresAt),
  createdAt: iso(row.createdAt),
});

export function mountSummaries(app: OpenAPIHono<HttpEnvironment>, { views }: HttpDependencies): void {
  app.openapi(
    createRoute({
      tags: ['Connectors'],
      ...sees,
      method: 'get',
      path: '/api/connectors/summary',
      summary: 'Connectors with their state, what mends it, and their calls of the last 24 hours',
      request: { query: listQuery },
      responses: { 200: json(pageOf(connectorSummary).extend(withHours), 'A page of connectors'), ...failures },
    }),
    async (c) => {
      const { items, nextCursor, hours } = await views.connectorSummaries(c.req.valid('query'));
      return c.json({ items: items.map(shownConnector), nextCursor, hours: hours.map(iso) }, 200);
    },
  );

  app.openapi(
    createRoute({
      tags: ['Connectors'],
      ...sees,
      method: 'get',
      path: '/api/connectors/{id}/summary',
      summary: 'The row of one connector in that list',
      request: { params: idParameter },
      responses: { 200: json(connectorSummary, 'The row'), ...failures },
    }),
    async (c) => c.json(shownConnector(await views.connectorSummary(c.req.valid('param').id)), 200),
  );

  app.openapi(
    createRoute({
      tags: ['Agents'],
      ...sees,
      method: 'get',
      path: '/api/agents/summary',
      summary: 'Agents with what they can use and their calls of the last 24 hours',
      request: { query: listQuery },
      responses: { 200: json(pageOf(agentSummary), 'A page of agents'), ...failures },
    }),
    async (c) => {
      const { items, nextCursor } = await views.agentSummaries(c.req.valid('query'));
      const shown = items.map((row) => ({
        ...row,
        createdAt: iso(row.createdAt),
        lastUsedAt: isoOrNull(row.lastUsedAt),
        lastCallAt: isoOrNull(row.lastCallAt),
      }));
      return c.json({ items: shown, nextCursor }, 200);
    },
  );

  app.openapi(
    createRoute({
      tags: ['Connectors'],
      ...sees,
      method: 'get',
      path: '/api/connectors/{id}/agents',
      summary: 'The state of every agent at this connector',
      request: { params: idParameter, query: pageQuery },
      responses: { 200: json(pageOf(connectorAgent), 'A row for each agent'), ...failures },
    }),
    async (c) => {
      const { items, nextCursor } = await views.connectorAgents(c.req.valid('param').id, c.req.valid('query'));
      const shown = items.map(({ agent, credential, ...row }) => ({
        agentId: agent.id,
        name: agent.name,
        enabled: agent.enabled,
        ...row,
        credential:
          credential === null
            ? null
            : {
                configured: true as const,
                setAt: iso(credential.setAt),
                expiresAt: isoOrNull(credential.expiresAt),
                scope: credential.scope,
                refreshable: credential.refreshable,
              },
      }));
      return c.json({ items: shown, nextCursor }, 200);
    },
  );
}
