// "See as this agent": the very list that it gets at /mcp, and a tool tried as this agent.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { createOfferedTools } from '../../gateway/offered-tools.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { body, failures, idParameter, json, serverQuestions } from './shapes.ts';

type Found = NonNullable<Awaited<ReturnType<ReturnType<typeof createOfferedTools>['find']>>>;

const tags = ['Agents'];
/** A rule of thumb for JSON in English; a model's own tokeniser may differ by a third. */
const CHARACTERS_PER_TOKEN = 4;
const ESTIMATE = 'characters / 4';
const record = z.record(z.string(), z.unknown());

const offeredTool = z
  .object({
    name: z.string().openapi({ description: 'As the agent calls it at /mcp' }),
    nameLength: z.number().int(),
    connectorId: z.string(),
    connectorKey: z.string(),
    tool: z.string().openapi({ description: 'The server’s own name' }),
    title: z.string().nullable(),
    description: z.string().nullable(),
    annotations: record.nullable(),
    state: z.string().openapi({ description: 'Of the connector, for this agent' }),
    characters: z.number().int(),
    tokens: z.number().int(),
  })
  .openapi('OfferedTool');

export function mountOffered(app: OpenAPIHono<HttpEnvironment>, { hub, views }: HttpDependencies): void {
  const offered = createOfferedTools();

  app.openapi(
    createRoute({
      tags,
      ...needs('viewer'),
      method: 'get',
      path: '/api/agents/{id}/offered',
      summary: 'The list of tools that this agent gets at /mcp, with an estimate of what it costs in a context',
      request: { params: idParameter },
      responses: {
        200: json(
          z.object({
            items: z.array(offeredTool),
            count: z.number().int(),
            characters: z.number().int(),
            tokens: z.number().int(),
            estimate: z.literal(ESTIMATE),
          }),
          'Exactly that list; empty for an agent that is disabled',
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { id } = await hub.agents.get(c.req.valid('param').id);
      const access = await views.accessOf(id);
      const text = access === null ? '[]' : ((await offered.list(access, null)) ?? '[]');
      const all: { name: string; definition: Record<string, unknown>; found: Found }[] = [];
      for (const definition of JSON.parse(text) as Record<string, unknown>[]) {
        const name = String(definition.name);
        const found = access === null ? null : await offered.find(access, null, name);
        if (found !== null) all.push({ name, definition, found });
      }
      const states = await views.statesOf(id, [...new Set(all.map(({ found }) => found.connector.id))]);
      const items: z.infer<typeof offeredTool>[] = [];
      for (const { name, definition, found } of all) {
        const characters = JSON.stringify(definition).length;
        items.push({
          name,
          nameLength: name.length,
          connectorId: found.connector.id,
          connectorKey: found.connector.key,
          tool: found.tool.name,
          title: typeof definition.title === 'string' ? definition.title : null,
          description: typeof definition.description === 'string' ? definition.description : null,
          annotations: (definition.annotations as Record<string, unknown> | undefined) ?? null,
          state: states.get(found.connector.id) ?? 'error',
          characters,
          tokens: Math.ceil(characters / CHARACTERS_PER_TOKEN),
        });
      }
      const tokens = Math.ceil(text.length / CHARACTERS_PER_TOKEN);
      return c.json(
        { items, count: items.length, characters: text.length, tokens, estimate: ESTIMATE as typeof ESTIMATE },
        200,
      );
    },
  );

  app.openapi(
    createRoute({
      tags,
      ...needs('operator'),
      method: 'post',
      path: '/api/agents/{id}/try',
      summary: 'Call a tool as this agent: with its grants and its credential',
      request: {
        params: idParameter,
        ...body(
          z.strictObject({
            connectorId: z.string().max(100),
            tool: z.string().max(1000),
            arguments: record.optional(),
            ...serverQuestions,
          }),
        ),
      },
      responses: {
        200: json(
          z.object({
            resultType: z.enum(['complete', 'input_required']),
            result: record,
            durationMs: z.number().int(),
          }),
          'The server’s own result',
        ),
        ...failures,
      },
    }),
    async (c) => c.json(await views.tryTool(c.req.valid('param').id, c.req.valid('json'), c.get('actor')), 200),
  );
}
