// GET /sign-in/link/{token}: a link that signs one person in, once. Only a console hands it out.

import type { Hono } from 'hono';
import { browserRoutes } from '../../hub/browser-routes.ts';
import { Secret } from '../../secret.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { problemOf } from '../problem.ts';
import { answered, visitorOf } from '../session-cookie.ts';
import { page } from './page.ts';
import { isVisit, previewOf } from './visit.ts';

export function mountSignInLink(app: Hono<HttpEnvironment>, dependencies: HttpDependencies): void {
  const { hub, people } = dependencies;
  app.get(browserRoutes.signInLink(':token'), async (c) => {
    if (!isVisit(c)) return previewOf(c, 'Sign in');
    try {
      answered(c, await people.links.follow(new Secret(c.req.param('token')), visitorOf(c, dependencies)));
      return c.redirect(`${new URL(hub.baseUrl).pathname.replace(/\/$/, '')}/`, 303);
    } catch (error) {
      const { code, title, detail, status } = problemOf(error);
      const advice = `Or sign in at ${hub.baseUrl}/sign-in.`;
      return page(c, { title, message: detail, advice, code, status });
    }
  });
}
