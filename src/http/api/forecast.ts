// GET /api/health/forecast: what will break soon, and what waits for a person.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { FORECAST_KINDS, SEVERITIES } from '../../hub/forecast.ts';
import { MENDS } from '../../hub/mend.ts';
import { FORECAST_MAX } from '../../work-limits.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { failures, iso, isoOrNull, json, nullableTime, time } from './shapes.ts';

const item = z
  .object({
    kind: z.enum(FORECAST_KINDS),
    severity: z.enum(SEVERITIES),
    connectorId: z.string(),
    connectorKey: z.string(),
    connectorName: z.string(),
    agentId: z.string().nullable(),
    agentName: z.string().nullable(),
    at: nullableTime.openapi({ description: 'When it breaks, or since when it is broken' }),
    title: z.string(),
    detail: z.string(),
    action: z
      .object({ kind: z.enum([...MENDS, 'review']), connectorId: z.string(), agentId: z.string().nullable() })
      .nullable(),
  })
  .openapi('ForecastItem');

export function mountForecast(app: OpenAPIHono<HttpEnvironment>, { views, now }: HttpDependencies): void {
  app.openapi(
    createRoute({
      tags: ['Health'],
      ...needs('viewer'),
      method: 'get',
      path: '/api/health/forecast',
      summary: 'What will break soon, the worst first',
      responses: {
        200: json(
          z.object({
            items: z.array(item),
            complete: z.boolean().openapi({ description: 'false where there is more than is told here' }),
            checkedAt: time,
          }),
          `The ${FORECAST_MAX} most pressing things`,
        ),
        ...failures,
      },
    }),
    async (c) => {
      const { items, complete } = await views.forecast();
      const shown = items.map((each) => ({ ...each, at: isoOrNull(each.at) }));
      return c.json({ items: shown, complete, checkedAt: iso(now()) }, 200);
    },
  );
}
