// Getting in: the first owner's set-up, the password, links of invitations. Nobody is signed in yet.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Secret } from '../../secret.ts';
import { needs } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { answered, setCookies, visitorOf } from '../session-cookie.ts';
import {
  email,
  knownEmail,
  knownPassword,
  me,
  meOfPerson,
  newPassword,
  oneTimeCode,
  personName,
  role,
} from './person-shapes.ts';
import { body, failures, json, time } from './shapes.ts';

const base = { tags: ['Signing in'], ...needs('nobody') };
const tokenParameter = z.object({ token: oneTimeCode.openapi({ param: { name: 'token', in: 'path' } }) });

const setup = z
  .object({
    needed: z.boolean().openapi({ description: 'There is no owner yet' }),
    signIn: z.object({
      password: z.literal(true),
      oidc: z.array(z.object({ id: z.string(), name: z.string() })),
    }),
  })
  .openapi('Setup');

const purpose = z
  .object({
    kind: z.enum(['invitation', 'password_reset']),
    email: z.string().nullable(),
    name: z.string().nullable(),
    role,
    expiresAt: time,
  })
  .openapi('LinkPurpose');

export function mountSignIn(app: OpenAPIHono<HttpEnvironment>, dependencies: HttpDependencies): void {
  const { people } = dependencies;
  app.openapi(
    createRoute({
      ...base,
      method: 'get',
      path: '/api/setup',
      summary: 'Whether there is an owner yet, and the ways to sign in',
      responses: { 200: json(setup, 'The ways in'), ...failures },
    }),
    async (c) => {
      const oidc = [...people.openIds];
      return c.json({ needed: await people.setup.needed(), signIn: { password: true as const, oidc } }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'post',
      path: '/api/setup',
      summary: 'Make the first owner, with the code that the hub printed on its console',
      request: body(z.strictObject({ code: oneTimeCode, name: personName, email, password: newPassword })),
      responses: { 201: json(me, 'Signed in'), ...failures },
    }),
    async (c) => {
      const { code, password, ...input } = c.req.valid('json');
      const given = { ...input, code: new Secret(code), password: new Secret(password) };
      const done = await people.setup.finish(given, visitorOf(c, dependencies));
      return c.json(meOfPerson(answered(c, done)), 201);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'post',
      path: '/api/sign-in',
      summary: 'Sign in with a password',
      request: body(z.strictObject({ email: knownEmail, password: knownPassword })),
      responses: { 200: json(me, 'Signed in'), ...failures },
    }),
    async (c) => {
      const { email: address, password } = c.req.valid('json');
      const done = await people.signIn(address.trim(), new Secret(password), visitorOf(c, dependencies));
      return c.json(meOfPerson(answered(c, done)), 200);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'post',
      path: '/api/sign-out',
      summary: 'End this session',
      responses: { 204: { description: 'Signed out' }, ...failures },
    }),
    async (c) => {
      setCookies(c, await people.signOut(visitorOf(c, dependencies)));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'get',
      path: '/api/invitations/{token}',
      summary: 'What a link is for: coming in, or a new password',
      request: { params: tokenParameter },
      responses: { 200: json(purpose, 'Its purpose'), ...failures },
    }),
    async (c) => {
      const token = new Secret(c.req.valid('param').token);
      const found = await people.links.look(token, visitorOf(c, dependencies));
      return c.json({ ...found, expiresAt: found.expiresAt.toISOString() }, 200);
    },
  );

  app.openapi(
    createRoute({
      ...base,
      method: 'post',
      path: '/api/invitations/{token}',
      summary: 'Come in by a link, or choose the new password',
      request: {
        params: tokenParameter,
        ...body(z.strictObject({ name: personName.optional(), email: email.optional(), password: newPassword })),
      },
      responses: { 200: json(me, 'Signed in'), ...failures },
    }),
    async (c) => {
      const token = new Secret(c.req.valid('param').token);
      const { password, ...input } = c.req.valid('json');
      const given = { ...input, password: new Secret(password) };
      const done = await people.links.accept(token, given, visitorOf(c, dependencies));
      return c.json(meOfPerson(answered(c, done)), 200);
    },
  );
}
