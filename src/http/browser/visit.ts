// Whether a request for a link that works once is a person's browser going there. Chats and mail programs fetch
// every address that is written in them to show what is behind it, browsers fetch ahead what may be clicked,
// pages load what they embed: none of these may use a link up.

import type { Context } from 'hono';
import { page } from './page.ts';

/** Programs that fetch links for somebody else to look at, as they name themselves. */
const PREVIEWS =
  /\b(Slackbot|Slack-ImgProxy|facebookexternalhit|Facebot|meta-externalagent|Twitterbot|LinkedInBot|Discordbot|TelegramBot|WhatsApp|SkypeUriPreview|MicrosoftPreview|BingPreview|bingbot|Googlebot|Google-PageRenderer|GoogleImageProxy|Applebot|iMessageLinkPreviews|redditbot|Mattermost-Bot|RocketChat|Rocket\.Chat|ZulipURLPreview|Synapse|Iframely|Embedly|Viber|vkShare|Pinterestbot|Barracuda|SafeLinks|Proofpoint)\b/i;

/** Sec-Purpose (Fetch), and what came before it: Purpose, X-Purpose, X-Moz. */
const AHEAD_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'];

/**
 * Whether a person goes there. What tells nothing of itself is taken for one: older browsers, and programs that
 * act for a person.
 *
 * @see https://w3c.github.io/webappsec-fetch-metadata/ (Sec-Fetch-Dest), https://fetch.spec.whatwg.org/ (Sec-Purpose)
 */
export function isVisit(c: Context): boolean {
  if (c.req.method !== 'GET') return false;
  if (AHEAD_HEADERS.some((name) => /prefetch|prerender|preview/i.test(c.req.header(name) ?? ''))) return false;
  const destination = c.req.header('sec-fetch-dest');
  if (destination !== undefined && destination !== 'document') return false;
  return !PREVIEWS.test(c.req.header('user-agent') ?? '');
}

/** The answer to whoever only looks. */
export function previewOf(c: Context, title: string): Response | Promise<Response> {
  if (c.req.method !== 'GET') return c.body(null, 204);
  return page(c, {
    title,
    message: 'This link works once, for the person who opens it in a browser. Nothing was done yet.',
    status: 200,
  });
}
