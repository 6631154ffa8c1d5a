// What this hub is, and which providers it knows by name.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { CATALOGUE, CATALOGUE_CATEGORIES } from '../../hub/catalogue.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { failures, json } from './shapes.ts';

const about = z
  .object({
    version: z.string(),
    baseUrl: z.string(),
    redirectUri: z.string(),
    clientMetadataUrl: z.string().nullable(),
    database: z.enum(['sqlite', 'postgres']),
    callLogDays: z.number().int(),
  })
  .openapi('About');

const provider = z
  .object({
    id: z.string(),
    name: z.string(),
    url: z.string(),
    authType: z.enum(['none', 'bearer', 'api_key_header', 'oauth']),
    credentialMode: z.enum(['shared', 'per_agent']).nullable(),
    category: z.enum(CATALOGUE_CATEGORIES),
    description: z.string(),
    docsUrl: z.string(),
    needsClient: z
      .boolean()
      .openapi({ description: 'A client must be made at the provider by hand, and its client id entered here' }),
  })
  .openapi('CatalogueEntry');

export function mountAbout(app: OpenAPIHono<HttpEnvironment>, { views }: HttpDependencies): void {
  app.openapi(
    createRoute({
      tags: ['Health'],
      ...needs('viewer'),
      method: 'get',
      path: '/api/about',
      summary: 'Version and settings that are no secret',
      responses: { 200: json(about, 'This hub'), ...failures },
    }),
    (c) => c.json(views.about(), 200),
  );

  app.openapi(
    createRoute({
      tags: ['Connectors'],
      ...needs('viewer'),
      method: 'get',
      path: '/api/catalogue',
      summary: 'Known providers; what they say here is a start, probing decides',
      responses: { 200: json(z.object({ items: z.array(provider) }), 'All of them'), ...failures },
    }),
    (c) => c.json({ items: CATALOGUE.map((entry) => ({ ...entry })) }, 200),
  );
}
