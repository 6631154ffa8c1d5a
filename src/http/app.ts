// The whole HTTP face in one list: every route with what it depends on.

import { OpenAPIHono } from '@hono/zod-openapi';
import { ChatelaineError } from '../errors.ts';
import { mountAbout } from './api/about.ts';
import { mountAgentAccess } from './api/agent-access.ts';
import { mountAgents } from './api/agents.ts';
import { mountAudit } from './api/audit.ts';
import { mountCalls } from './api/calls.ts';
import { mountConnectors } from './api/connectors.ts';
import { mountEvents } from './api/events.ts';
import { mountFlows } from './api/flows.ts';
import { mountForecast } from './api/forecast.ts';
import { mountKeys } from './api/keys.ts';
import { mountMe } from './api/me.ts';
import { mountOffered } from './api/offered.ts';
import { mountPeople } from './api/people.ts';
import { mountSignIn } from './api/sign-in.ts';
import { mountSummaries } from './api/summaries.ts';
import { mountSync } from './api/sync.ts';
import { mountTokens } from './api/tokens.ts';
import { mountTools } from './api/tools.ts';
import { authenticate } from './authn.ts';
import { mountBrowser } from './browser/routes.ts';
import { mountSignInLink } from './browser/sign-in-link.ts';
import { mountSingleSignOn } from './browser/single-sign-on.ts';
import { mountDocs } from './docs-page.ts';
import type { HttpDependencies, HttpEnvironment } from './environment.ts';
import { mountGateway } from './gateway.ts';
import { mountHealth } from './health.ts';
import { problemOf, problemResponse } from './problem.ts';
import { answerHeaders, checkHostAndOrigin, limitBody, refuseNul, requireJson } from './request-guard.ts';
import { mountWebPage } from './web-page.ts';

/** A web-standard app: `app.fetch(request)` answers. */
export function createApp(dependencies: HttpDependencies): OpenAPIHono<HttpEnvironment> {
  const { hub, log, metrics, now } = dependencies;
  const app = new OpenAPIHono<HttpEnvironment>({
    defaultHook: (result, c) =>
      result.success ? undefined : problemResponse(c, invalidInput(result.error.issues, result.target)),
  });

  // The route, never the path: some paths hold a link that still works.
  app.onError((error, c) => {
    const problem = asProblem(error);
    if (problemOf(problem).code === 'internal_error')
      log.error({ err: error, method: c.req.method, route: c.req.routePath }, 'a request failed');
    return problemResponse(c, problem);
  });
  app.notFound((c) =>
    problemResponse(c, new ChatelaineError('not_found', 'There is nothing here; the calls are listed at /api/docs.')),
  );

  app.use(async (c, next) => {
    const started = now();
    await next();
    metrics.observe(c.req.routePath, c.req.method, c.res.status, now() - started);
  });
  app.use(answerHeaders);
  mountHealth(app, dependencies);
  app.use(checkHostAndOrigin(hub.baseUrl));
  mountDocs(app, dependencies);
  mountWebPage(app, dependencies);
  mountBrowser(app, dependencies);
  mountSingleSignOn(app, dependencies);
  mountSignInLink(app, dependencies);

  mountGateway(app, dependencies);

  app.use('/api/*', refuseNul);
  app.use('/api/*', authenticate(dependencies));
  app.use('/api/*', limitBody);
  app.use('/api/*', requireJson);
  mountSignIn(app, dependencies);
  mountMe(app, dependencies);
  mountPeople(app, dependencies);
  mountFlows(app, dependencies);
  // Before the routes with an id, whose place `summary` would take.
  mountSummaries(app, dependencies);
  mountConnectors(app, dependencies);
  mountTools(app, dependencies);
  mountAgents(app, dependencies);
  mountAgentAccess(app, dependencies);
  mountTokens(app, dependencies);
  mountKeys(app, dependencies);
  mountAudit(app, dependencies);
  mountCalls(app, dependencies);
  mountOffered(app, dependencies);
  mountSync(app, dependencies);
  mountForecast(app, dependencies);
  mountAbout(app, dependencies);
  mountEvents(app, dependencies);

  checkEveryRoleIsSaid(app);

  return app;
}

/** A route that does not say who may call it must not come to serve. */
function checkEveryRoleIsSaid(app: OpenAPIHono<HttpEnvironment>): void {
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route' || 'x-role' in definition.route) continue;
    throw new Error(`${definition.route.method} ${definition.route.path} does not say which role it needs`);
  }
}

/** What a problem names where the whole body is wrong. */
const BODY = 'body';

type Issue = {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string;
  readonly keys?: readonly string[];
};

function invalidInput(issues: readonly Issue[], target: string): ChatelaineError {
  const first = issues[0];
  const unknown = first?.code === 'unrecognized_keys' ? first.keys?.[0] : undefined;
  const path = [...(first?.path ?? []), ...(unknown === undefined ? [] : [unknown])].map(String).join('.');
  const field = path === '' ? (target === 'json' ? BODY : target) : path;
  const missing = first?.code === 'invalid_type' && first.message.endsWith('received undefined');
  const message =
    unknown === undefined
      ? missing
        ? 'is required'
        : (first?.message ?? 'is not valid')
      : 'is not a field of this call';
  return new ChatelaineError('invalid_request', `${field}: ${message}.`.replace('..', '.'), { details: { field } });
}

/** Malformed JSON is the caller's mistake, however the framework words it. */
function asProblem(error: unknown): unknown {
  const status = (error as { status?: unknown }).status;
  if (!(error instanceof ChatelaineError) && status === 400) {
    return new ChatelaineError('invalid_request', 'The body is not valid JSON.', {
      cause: error,
      details: { field: BODY },
    });
  }
  return error;
}
