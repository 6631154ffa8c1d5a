// /api/sync: lists the tools of every connector, in the background.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { SyncRun } from '../../hub/sync-all.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { failures, isoOrNull, json, nullableTime } from './shapes.ts';

const tags = ['Connectors'];
const run = z
  .object({
    running: z.boolean(),
    startedAt: nullableTime,
    finishedAt: nullableTime,
    total: z.number().int(),
    done: z.number().int().openapi({ description: 'failed and waiting among them' }),
    failed: z.number().int(),
    waiting: z.number().int().openapi({ description: 'Must be connected by a person first' }),
  })
  .openapi('SyncRun');

const view = (state: SyncRun) => ({
  ...state,
  startedAt: isoOrNull(state.startedAt),
  finishedAt: isoOrNull(state.finishedAt),
});

export function mountSync(app: OpenAPIHono<HttpEnvironment>, { views }: HttpDependencies): void {
  app.openapi(
    createRoute({
      tags,
      ...needs('operator'),
      method: 'post',
      path: '/api/sync',
      summary: 'List the tools of every connector in the background; a run under way goes on',
      responses: { 202: json(run, 'The run'), ...failures },
    }),
    async (c) => c.json(view(await views.sync.start(c.get('actor'))), 202),
  );

  app.openapi(
    createRoute({
      tags,
      ...needs('viewer'),
      method: 'get',
      path: '/api/sync',
      summary: 'How far the last run of this process is',
      responses: { 200: json(run, 'The run'), ...failures },
    }),
    (c) => c.json(view(views.sync.state()), 200),
  );
}
