// The browser's part of single sign-on: out to the identity provider and back. What belongs to one sign-in is in a
// cookie that lives ten minutes; it is no secret from its own browser, and no other one can finish the sign-in.

import type { Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { ChatelaineError } from '../../errors.ts';
import { browserRoutes } from '../../hub/browser-routes.ts';
import { checkReturnTo } from '../../hub/return-to.ts';
import { OPENID_FLOW_SECONDS } from '../../limits.ts';
import type { OpenIdFlow } from '../../people/openid-provider.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { problemOf } from '../problem.ts';
import { answered, visitorOf } from '../session-cookie.ts';
import { page } from './page.ts';

type Ctx = Context<HttpEnvironment>;
type Kept = OpenIdFlow & { readonly returnTo: string };

const NAME = 'chatelaine_sso';
/** Refusals that whoever set it up must know of. */
const TOLD: ReadonlySet<string> = new Set(['metadata_invalid', 'token_request_failed', 'address_refused']);

export function mountSingleSignOn(app: Hono<HttpEnvironment>, dependencies: HttpDependencies): void {
  const { hub, people, webPage, log } = dependencies;
  const secure = hub.baseUrl.startsWith('https:');
  const cookieName = secure ? `__Host-${NAME}` : NAME;
  const mount = new URL(hub.baseUrl).pathname.replace(/\/$/, '');
  const options = { httpOnly: true, sameSite: 'Lax', secure, path: '/' } as const;

  const failed = (c: Ctx, error: unknown): Response | Promise<Response> => {
    const { code, title, detail, status } = problemOf(error);
    // Whoever declines, or is not let in, is no fault of the hub or of the provider.
    if (status >= 500 || TOLD.has(code)) log.error({ err: error, code }, 'a single sign-on failed');
    if (webPage !== null) return c.redirect(`${mount}/sign-in?error=${code}`, 303);
    return page(c, { title, message: detail, code, status });
  };

  app.get(browserRoutes.openId(':id'), async (c) => {
    try {
      const provider = people.openId(c.req.param('id'));
      const returnTo = checkReturnTo(hub.baseUrl, c.req.query('returnTo') ?? null) ?? `${mount}/`;
      const { url, flow } = await provider.begin();
      const kept: Kept = { ...flow, returnTo };
      setCookie(c, cookieName, toText(kept), { ...options, maxAge: OPENID_FLOW_SECONDS });
      return c.redirect(url, 303);
    } catch (error) {
      return failed(c, error);
    }
  });

  app.get(browserRoutes.openIdCallback(':id'), async (c) => {
    try {
      const provider = people.openId(c.req.param('id'));
      const kept = fromText(getCookie(c, cookieName), hub.baseUrl);
      deleteCookie(c, cookieName, options);
      if (kept === null)
        throw new ChatelaineError(
          'flow_expired',
          'This sign-in took too long, or began in another browser; try again.',
        );
      const answer = new URL(c.req.url).searchParams;
      answered(c, await provider.finish(answer, kept, visitorOf(c, dependencies)));
      return c.redirect(kept.returnTo, 303);
    } catch (error) {
      return failed(c, error);
    }
  });
}

const toText = (kept: Kept): string => encodeURIComponent(JSON.stringify(kept));

function fromText(text: string | undefined, baseUrl: string): Kept | null {
  try {
    const kept = JSON.parse(decodeURIComponent(text ?? '')) as Partial<Kept>;
    const { state, nonce, verifier, returnTo } = kept;
    const whole = [state, nonce, verifier, returnTo].every((each) => typeof each === 'string' && each !== '');
    // What was checked before it was kept is checked again: a cookie is the browser's to change.
    return whole && checkReturnTo(baseUrl, returnTo ?? null) === returnTo ? (kept as Kept) : null;
  } catch {
    return null;
  }
}
