// The built web page, where there is one: its files, and its index for every address that the page itself routes.
// Nothing in it may run or style but its own files.

import type { Context, Hono } from 'hono';
import type { HttpDependencies, HttpEnvironment, PageFile } from './environment.ts';
import { readSession } from './session-cookie.ts';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** What the page routes by itself, with everything below. */
const SECTIONS = ['connectors', 'agents', 'activity', 'health', 'settings', 'sign-in', 'setup', 'invitation'];
/** Names of files in it hold a hash of what is in them. */
const HASHED = '/assets/';

/** Without a built page, as in a library, `/` leads to the documents of the API. */
export function mountWebPage(app: Hono<HttpEnvironment>, dependencies: HttpDependencies): void {
  const { webPage, hub } = dependencies;
  const mount = new URL(hub.baseUrl).pathname.replace(/\/$/, '');
  if (webPage === null) {
    app.get('/', (c) => c.redirect(`${mount}/api/docs`, 302));
    return;
  }

  const indexFile = webPage.index(mount);
  const index = (c: Context<HttpEnvironment>): Response => {
    c.header('content-security-policy', POLICY);
    return send(c, indexFile, 'no-store');
  };

  app.get('/', index);
  for (const section of SECTIONS) {
    app.get(`/${section}/*`, async (c, next) => {
      // Whoever came back from a provider without being signed in here is told how it went, not asked to sign in.
      const landed = c.req.query('error') !== undefined || c.req.query('connected') !== undefined;
      const shared = section === 'connectors' || section === 'agents';
      if (shared && landed && (await readSession(c, dependencies)) === null) return next();
      // What signs in by itself lies below a section of the page.
      if (/^\/sign-in\/(oidc|link)\//.test(c.req.path)) return next();
      return index(c);
    });
  }
  app.get('*', async (c, next) => {
    const file = webPage.file(c.req.path);
    if (file === null) return next();
    return send(
      c,
      file,
      c.req.path.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'public, max-age=3600',
    );
  });
}

function send(c: Context<HttpEnvironment>, file: PageFile, cache: string): Response {
  const accepted = (c.req.header('accept-encoding') ?? '').split(',').map((each) => each.split(';')[0]?.trim() ?? '');
  const { bytes, encoding } = file.body(accepted);
  return c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
    'content-type': file.type,
    'cache-control': cache,
    vary: 'accept-encoding',
    ...(encoding === null ? {} : { 'content-encoding': encoding }),
  });
}
