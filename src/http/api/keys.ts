// /api/keys: under which keys secrets are kept, and bringing all of them under the first one.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { failures, json } from './shapes.ts';

const base = { tags: ['Encryption keys'], ...needs('owner') };

const state = z
  .object({
    kinds: z.array(
      z.object({
        kind: z.string(),
        checked: z.number().int(),
        outdated: z.number().int().openapi({ description: 'Not under the key that encrypts now' }),
        unreadable: z.number().int().openapi({ description: 'Under a key that is not here' }),
      }),
    ),
    checked: z.number().int(),
    outdated: z.number().int(),
    unreadable: z.number().int(),
  })
  .openapi('KeyState');

export function mountKeys(app: OpenAPIHono<HttpEnvironment>, { hub }: HttpDependencies): void {
  const look = async (): Promise<z.infer<typeof state>> => {
    const kinds = (await hub.keys.verify()).map(({ kind, checked, outdated, unreadable }) => ({
      ...{ kind, checked, outdated, unreadable },
    }));
    const sum = (field: 'checked' | 'outdated' | 'unreadable') => kinds.reduce((total, row) => total + row[field], 0);
    return { kinds, checked: sum('checked'), outdated: sum('outdated'), unreadable: sum('unreadable') };
  };

  app.openapi(
    createRoute({
      ...base,
      method: 'get',
      path: '/api/keys',
      summary: 'Opens every stored secret and tells which are not under the present key',
      responses: { 200: json(state, 'What was found'), ...failures },
    }),
    async (c) => c.json(await look(), 200),
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'post',
      path: '/api/keys/rotate',
      summary: 'Encrypts every stored secret anew under the present key',
      responses: { 200: json(state, 'How it stands afterwards'), ...failures },
    }),
    async (c) => {
      await hub.keys.rotate(c.get('actor'));
      return c.json(await look(), 200);
    },
  );
}
