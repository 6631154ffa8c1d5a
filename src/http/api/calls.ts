// /api/calls: what agents called, and how long it took. Arguments and results are in no list; of connectors that
// have them kept, one call shows them, without what looks like a secret, to operators and owners.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CALL_STATS_GROUPS_DEFAULT, CALL_STATS_GROUPS_MAX } from '../../limits.ts';
import { covers } from '../../people/role.ts';
import type { CallRecord } from '../../store/records.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { failures, idParameter, iso, isoOrNull, json, nullableTime, pageOf, pageQuery, time } from './shapes.ts';

/** Below it, a call is shown without what was captured of it. */
const CAPTURE_READER = 'operator';
const outcome = z.enum(['ok', 'tool_error', 'error', 'refused', 'cancelled']);
const moment = time.transform((text) => Date.parse(text)).optional();
const filters = {
  agentId: z.string().max(100).optional(),
  connectorId: z.string().max(100).optional(),
  toolName: z.string().max(1000).optional(),
};

const call = z
  .object({
    id: z.string(),
    at: time,
    agentId: z.string(),
    keyId: z.string(),
    connectorId: z.string(),
    toolName: z.string().nullable(),
    method: z.string(),
    credentialId: z.string().nullable(),
    generation: z.number().int().openapi({ description: 'Of the credential' }),
    toolDigest: z.string().nullable(),
    outcome: outcome.openapi({ description: "tool_error: the tool's own word; refused: ours" }),
    errorCode: z.string().nullable(),
    gatewayMs: z.number(),
    upstreamMs: z.number().openapi({ description: '0 when no server was asked' }),
    bytesIn: z.number().int(),
    bytesOut: z.number().int(),
    era: z.string(),
  })
  .openapi('Call');

const capturedText = z.object({
  text: z.string().openapi({ description: 'JSON without what looked like a secret' }),
  cut: z.boolean().openapi({ description: 'It was longer, or too long to be looked through: then it is empty' }),
});
const callDetail = call
  .extend({
    capture: z
      .object({
        arguments: capturedText.nullable(),
        result: capturedText.nullable().openapi({ description: 'Or the JSON-RPC error; null when none came' }),
      })
      .nullable()
      .openapi({
        description:
          'For operators and owners, of a connector that had capture "redacted" when the call was made; else null',
      }),
  })
  .openapi('CallDetail');

const percentiles = z.object({ p50: z.number(), p95: z.number() }).nullable();
const stats = z
  .object({
    since: time.openapi({ description: 'Start of the first hour counted' }),
    until: time.openapi({ description: 'End of the last hour counted' }),
    groups: z.array(
      z.object({
        agentId: z.string().nullable(),
        connectorId: z.string().nullable(),
        toolName: z.string().nullable().openapi({ description: "'' for calls that are not of a tool" }),
        hour: nullableTime,
        calls: z.number().int(),
        errors: z.number().int().openapi({ description: 'Outcomes tool_error, error and refused' }),
        gatewayMs: percentiles.openapi({ description: 'Within 4.5 % of the exact percentile, or 0.01 ms' }),
        upstreamMs: percentiles.openapi({ description: 'Of the calls that reached a server; likewise within 4.5 %' }),
      }),
    ),
    truncated: z.boolean().openapi({ description: 'There were more groups than `limit`' }),
  })
  .openapi('CallStats');

export function mountCalls(app: OpenAPIHono<HttpEnvironment>, { hub }: HttpDependencies): void {
  app.openapi(
    createRoute({
      tags: ['Calls'],
      ...needs('viewer'),
      method: 'get',
      path: '/api/calls',
      summary: 'What agents called, newest first',
      request: { query: pageQuery.extend({ ...filters, outcome: outcome.optional(), since: moment, until: moment }) },
      responses: { 200: json(pageOf(call), 'A page of calls'), ...failures },
    }),
    async (c) => {
      const { limit, cursor, ...query } = c.req.valid('query');
      const { items, nextCursor } = await hub.calls.list(query, { limit, cursor });
      return c.json({ items: items.map(shown), nextCursor }, 200);
    },
  );

  app.openapi(
    createRoute({
      tags: ['Calls'],
      ...needs('viewer'),
      method: 'get',
      path: '/api/calls/stats',
      summary: 'Calls, errors and percentiles of their times, by whole hours (UTC); the last day unless said otherwise',
      request: {
        query: z.strictObject({
          ...filters,
          since: moment,
          until: moment,
          groupBy: z.enum(['all', 'agent', 'connector', 'tool', 'hour']).default('all'),
          limit: z.coerce
            .number()
            .int()
            .min(1)
            .max(CALL_STATS_GROUPS_MAX)
            .default(CALL_STATS_GROUPS_DEFAULT)
            .openapi({ description: 'Groups with the most calls, or the newest hours' }),
        }),
      },
      responses: { 200: json(stats, 'The groups'), ...failures },
    }),
    async (c) => {
      const found = await hub.calls.stats(c.req.valid('query'));
      const groups = found.groups.map((group) => ({ ...group, hour: isoOrNull(group.hour) }));
      return c.json({ since: iso(found.since), until: iso(found.until), groups, truncated: found.truncated }, 200);
    },
  );

  // Behind the others: any other name would be taken for an id.
  app.openapi(
    createRoute({
      ...needs('viewer'),
      tags: ['Calls'],
      method: 'get',
      path: '/api/calls/{id}',
      summary: 'One call, with what was captured of its arguments and its result, if its connector has that',
      request: { params: idParameter },
      responses: { 200: json(callDetail, 'The call'), ...failures },
    }),
    async (c) => {
      const { capture, ...record } = await hub.calls.get(c.req.valid('param').id);
      const role = c.get('role');
      const mayRead = role !== null && covers(role, CAPTURE_READER);
      return c.json({ ...shown(record), capture: mayRead ? capture : null }, 200);
    },
  );
}

function shown({ gatewayMicros, upstreamMicros, ...record }: CallRecord) {
  const times = { gatewayMs: gatewayMicros / 1000, upstreamMs: upstreamMicros / 1000 };
  return { ...record, at: iso(record.at), ...times };
}
