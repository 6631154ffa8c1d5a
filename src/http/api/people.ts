// /api/people: who may sign in, with which role, and how they are let in.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Person } from '../../people/persons.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { email, invitation, link, person, personName, role } from './person-shapes.ts';
import { body, failures, idParameter, json } from './shapes.ts';

const base = { tags: ['People'], ...needs('owner') };

const view = (found: Person) => ({
  id: found.id,
  name: found.name,
  email: found.email,
  role: found.role,
  enabled: found.enabled,
  createdAt: found.createdAt.toISOString(),
  lastSeenAt: found.lastSeenAt?.toISOString() ?? null,
  sessions: found.sessions,
  signIn: [...found.signIn],
});

export function mountPeople(app: OpenAPIHono<HttpEnvironment>, { people }: HttpDependencies): void {
  app.openapi(
    createRoute({
      ...base,
      method: 'get',
      path: '/api/people',
      summary: 'Everybody who may sign in',
      responses: { 200: json(z.object({ items: z.array(person) }), 'All of them'), ...failures },
    }),
    async (c) => c.json({ items: (await people.list()).map(view) }, 200),
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'get',
      path: '/api/people/invitations',
      summary: 'Invitations that nobody has used yet',
      responses: { 200: json(z.object({ items: z.array(invitation) }), 'All of them'), ...failures },
    }),
    async (c) => {
      const items = (await people.links.list()).map(({ createdAt, expiresAt, ...rest }) => ({
        ...rest,
        createdAt: createdAt.toISOString(),
        expiresAt: expiresAt.toISOString(),
      }));
      return c.json({ items }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'post',
      path: '/api/people/invitations',
      summary: 'Make a link by which one person comes in; it is in this answer only',
      request: body(z.strictObject({ email: email.optional(), role })),
      responses: {
        201: json(link.extend({ id: z.string(), email: z.string().nullable(), role }), 'The link'),
        ...failures,
      },
    }),
    async (c) => {
      const input = c.req.valid('json');
      const made = await people.links.invite(input, c.get('actor'));
      const expiresAt = made.expiresAt.toISOString();
      return c.json({ ...made, expiresAt, email: input.email?.toLowerCase() ?? null, role: input.role }, 201);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'delete',
      path: '/api/people/invitations/{id}',
      summary: 'Withdraw an invitation',
      request: { params: idParameter },
      responses: { 204: { description: 'Withdrawn' }, ...failures },
    }),
    async (c) => {
      await people.links.withdraw(c.req.valid('param').id, c.get('actor'));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'patch',
      path: '/api/people/{id}',
      summary: 'Change a role or name, enable or disable; the last owner stays',
      request: {
        params: idParameter,
        ...body(
          z.strictObject({ role: role.optional(), enabled: z.boolean().optional(), name: personName.optional() }),
        ),
      },
      responses: { 200: json(person, 'The person'), ...failures },
    }),
    async (c) => c.json(view(await people.change(c.req.valid('param').id, c.req.valid('json'), c.get('actor'))), 200),
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'delete',
      path: '/api/people/{id}',
      summary: 'Remove a person; their sessions end at once',
      request: { params: idParameter },
      responses: { 204: { description: 'Removed' }, ...failures },
    }),
    async (c) => {
      await people.remove(c.req.valid('param').id, c.get('actor'));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'post',
      path: '/api/people/{id}/password-link',
      summary: 'Make a link by which this person chooses a new password; it is in this answer only',
      request: { params: idParameter },
      responses: { 201: json(link, 'The link'), ...failures },
    }),
    async (c) => {
      const { url, expiresAt } = await people.links.password(c.req.valid('param').id, c.get('actor'));
      return c.json({ url, expiresAt: expiresAt.toISOString() }, 201);
    },
  );
}
