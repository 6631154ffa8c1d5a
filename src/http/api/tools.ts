// /api/connectors/{id}/tools: the snapshot, and the review of tools that changed.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { ReviewedTool } from '../../hub/tool-review.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { failures, idParameter, iso, isoOrNull, json, nullableTime, optionalBody, pageOf, time } from './shapes.ts';

const tags = ['Connectors'];
const sees = { tags, ...needs('viewer') };
const changes = { tags, ...needs('operator') };
const definition = z.record(z.string(), z.unknown());

const tool = z
  .object({
    name: z.string(),
    title: z.string().nullable(),
    description: z.string().nullable(),
    inputSchema: definition.nullable(),
    annotations: definition.nullable(),
    digest: z.string(),
    state: z.enum(['active', 'gone']),
    held: z.boolean().openapi({ description: 'Changed, and callable by nobody until the change is approved' }),
    change: z
      .object({ before: definition, after: definition, fields: z.array(z.string()) })
      .nullable()
      .openapi({ description: 'What changed since a person last approved this granted tool; null when nothing did' }),
    firstSeenAt: time,
    changedAt: time,
    goneAt: nullableTime,
    definition: definition.openapi({ description: 'The whole definition as the server sent it' }),
  })
  .openapi('Tool');

const toolParameters = idParameter.extend({
  name: z
    .string()
    .max(200)
    .openapi({ param: { name: 'name', in: 'path' }, description: 'The server’s own name, percent-encoded' }),
});

export function mountTools(app: OpenAPIHono<HttpEnvironment>, { hub }: HttpDependencies): void {
  app.openapi(
    createRoute({
      ...sees,
      method: 'get',
      path: '/api/connectors/{id}/tools',
      summary:
        'The tool snapshot, whole definitions, with what changed and waits for approval; all of it unless a limit is given',
      request: {
        params: idParameter,
        query: z.strictObject({ limit: z.coerce.number().int().min(1).optional(), cursor: z.string().optional() }),
      },
      responses: {
        200: json(pageOf(tool).extend({ syncedAt: nullableTime }), 'The tools in the server’s order'),
        ...failures,
      },
    }),
    async (c) => {
      const { connector, items, nextCursor } = await hub.connectors.tools(
        c.req.valid('param').id,
        c.req.valid('query'),
      );
      return c.json({ items: items.map(toolView), nextCursor, syncedAt: isoOrNull(connector.toolsSyncedAt) }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...changes,
      method: 'post',
      path: '/api/connectors/{id}/tools/{name}/approve',
      summary: 'Approve the change of a tool, so that agents may call it again',
      request: {
        params: toolParameters,
        ...optionalBody(
          z.strictObject({
            digest: z
              .string()
              .max(100)
              .optional()
              .openapi({ description: 'Of the definition that was looked at: refused when it changed again since' }),
          }),
        ),
      },
      responses: { 200: json(tool, 'The tool as it stands'), ...failures },
    }),
    async (c) => {
      const { id, name } = c.req.valid('param');
      const digest = c.req.valid('json').digest ?? null;
      return c.json(toolView(await hub.connectors.approveTool(id, name, digest, c.get('actor'))), 200);
    },
  );
}

function toolView({ tool: stored, definition: shown, held, change }: ReviewedTool) {
  return {
    name: stored.name,
    title: textOrNull(shown.title),
    description: textOrNull(shown.description),
    inputSchema: objectOrNull(shown.inputSchema),
    annotations: objectOrNull(shown.annotations),
    digest: stored.digest,
    state: stored.state,
    held,
    change: change === null ? null : { ...change, fields: [...change.fields] },
    firstSeenAt: iso(stored.firstSeenAt),
    changedAt: iso(stored.changedAt),
    goneAt: isoOrNull(stored.goneAt),
    definition: shown,
  };
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** Kept only when judged an object (see mcp/judge-tool). */
const objectOrNull = (value: unknown): Record<string, unknown> | null =>
  (value as Record<string, unknown> | undefined) ?? null;
