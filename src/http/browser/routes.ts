// The browser's part of a connection: open a link, come back from the provider, read how it went.

import type { Context, Hono } from 'hono';
import { ChatelaineError } from '../../errors.ts';
import { browserRoutes } from '../../hub/browser-routes.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { isErrorCode, problemOf, titleOf } from '../problem.ts';
import { bindBrowser, readBrowser } from './browser-cookie.ts';
import { page } from './page.ts';
import { isVisit, previewOf } from './visit.ts';

const ADVICE = 'Nothing was changed. Go back to where you clicked Connect and start again.';

/** GET /connect/{ticket}, GET /oauth/callback, GET /oauth/client.json and the pages that a flow lands on. */
export function mountBrowser(app: Hono<HttpEnvironment>, dependencies: HttpDependencies): void {
  const { hub, log } = dependencies;

  const plain = (c: Context<HttpEnvironment>, error: unknown): Response | Promise<Response> => {
    if (!(error instanceof ChatelaineError))
      log.error({ err: error, route: c.req.routePath }, 'a browser route failed');
    const problem = problemOf(error);
    return page(c, {
      title: problem.title,
      message: problem.detail,
      advice: ADVICE,
      code: problem.code,
      status: problem.status,
    });
  };

  app.get(browserRoutes.connect(':ticket'), async (c) => {
    if (!isVisit(c)) return previewOf(c, 'Connect');
    try {
      const { redirectTo } = await hub.browser.authorize(c.req.param('ticket'), bindBrowser(c, hub.baseUrl));
      return c.redirect(redirectTo, 303);
    } catch (error) {
      return plain(c, error);
    }
  });

  app.get(browserRoutes.callback, async (c) => {
    if (c.req.method !== 'GET') return c.body(null, 204);
    try {
      const { redirectTo } = await hub.browser.callback(new URL(c.req.url).searchParams, readBrowser(c, hub.baseUrl));
      return c.redirect(redirectTo, 303);
    } catch (error) {
      return plain(c, error);
    }
  });

  app.get(browserRoutes.clientMetadata, (c) => {
    c.header('cache-control', 'public, max-age=3600');
    return c.json(hub.browser.clientMetadata());
  });

  const landing = async (c: Context<HttpEnvironment>): Promise<Response> => {
    const code = c.req.query('error');
    if (code === undefined) {
      const connected = c.req.query('connected') !== undefined;
      return page(c, {
        title: connected ? 'Connected' : 'Chatelaine',
        message: connected
          ? 'The connection is made and its credential is kept. You can close this window.'
          : 'This hub answers at /api.',
        status: 200,
      });
    }
    const flow = c.req.query('flow');
    const outcome = flow === undefined ? null : await hub.browser.outcome(flow, readBrowser(c, hub.baseUrl));
    const title = isErrorCode(code) ? titleOf(code) : 'The connection was not made';
    const connectedAnyway = outcome?.code === 'sync_failed';
    return page(c, {
      title,
      message: outcome?.message ?? 'The connection was not made.',
      provider: outcome === null ? null : { code: outcome.providerCode, text: outcome.providerText },
      advice: connectedAnyway ? 'You can close this window.' : 'Go back to where you clicked Connect and try again.',
      ...(isErrorCode(code) ? { code } : {}),
      status: 200,
    });
  };
  app.get(browserRoutes.connector(':id'), landing);
  app.get(browserRoutes.agent(':id'), landing);
}
