// Whoever calls: who they are, their name and password, where they are signed in.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Secret } from '../../secret.ts';
import { meOf, needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { knownPassword, me, meOfPerson, newPassword, personName } from './person-shapes.ts';
import { body, failures, idParameter, json, time } from './shapes.ts';

const base = { tags: ['Signing in'], ...needs('anybody') };

const session = z
  .object({
    id: z.string(),
    createdAt: time,
    expiresAt: time,
    lastUsedAt: time.openapi({ description: 'Within a quarter of an hour' }),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    current: z.boolean().openapi({ description: 'The one of this call' }),
  })
  .openapi('Session');

export function mountMe(app: OpenAPIHono<HttpEnvironment>, { people }: HttpDependencies): void {
  app.openapi(
    createRoute({
      ...base,
      method: 'get',
      path: '/api/me',
      summary: 'Who calls',
      responses: { 200: json(me, 'The person or the token'), ...failures },
    }),
    async (c) => {
      const person = c.get('me');
      if (person !== null) return c.json(meOfPerson(person), 200);
      const { name } = c.get('actor');
      const id = name.replace(/^token:/, '');
      const role = c.get('role') ?? 'viewer';
      return c.json({ kind: 'token' as const, id, name, email: null, role, sessionId: null, hasPassword: false }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'patch',
      path: '/api/me',
      summary: 'Change one’s own name or password; a new password ends every other session',
      request: body(
        z.strictObject({
          name: personName.optional(),
          password: newPassword.optional(),
          currentPassword: knownPassword.optional(),
        }),
      ),
      responses: { 200: json(me, 'As it stands'), ...failures },
    }),
    async (c) => {
      const { name, password, currentPassword } = c.req.valid('json');
      const secret = (text: string | undefined) => (text === undefined ? undefined : new Secret(text));
      const change = { name, password: secret(password), currentPassword: secret(currentPassword) };
      return c.json(meOfPerson(await people.changeOwn(meOf(c), change)), 200);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'get',
      path: '/api/sessions',
      summary: 'Where one is signed in',
      responses: { 200: json(z.object({ items: z.array(session) }), 'All of them'), ...failures },
    }),
    async (c) => {
      const mine = meOf(c);
      const items = (await people.sessions.list(mine)).map((each) => ({
        id: each.id,
        createdAt: each.createdAt.toISOString(),
        expiresAt: each.expiresAt.toISOString(),
        lastUsedAt: each.updatedAt.toISOString(),
        address: each.ipAddress || null,
        userAgent: each.userAgent || null,
        current: each.id === mine.sessionId,
      }));
      return c.json({ items }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'delete',
      path: '/api/sessions/{id}',
      summary: 'End one session',
      request: { params: idParameter },
      responses: { 204: { description: 'Ended' }, ...failures },
    }),
    async (c) => {
      await people.sessions.end(meOf(c), c.req.valid('param').id);
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'delete',
      path: '/api/sessions',
      summary: 'Sign out everywhere, here too',
      responses: { 204: { description: 'Ended' }, ...failures },
    }),
    async (c) => {
      await people.sessions.endAll(meOf(c));
      return c.body(null, 204);
    },
  );
}
