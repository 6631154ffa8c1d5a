// Plain pages without script, for what a browser must be told outside the web page. Everything that
// comes from elsewhere is escaped.

import type { Context } from 'hono';
import { html, raw } from 'hono/html';
import { policyForStyle } from '../content-policy.ts';
import { LOGO, PLAIN_STYLE } from '../plain-style.ts';

export type PageContent = {
  readonly title: string;
  readonly message: string;
  /** What the person can do now. */
  readonly advice?: string;
  /** The provider's own words; foreign text. */
  readonly provider?: { readonly code: string | null; readonly text: string | null } | null;
  /** The stable code, for whoever asks for help. */
  readonly code?: string;
  readonly status: number;
};

const STYLE = `${PLAIN_STYLE}main{max-width:28rem;margin:14vh auto;padding:0 1rem}
.card{margin-top:1.25rem;padding:1.25rem 1.5rem 1.5rem;background:var(--surface);border:1px solid var(--line);border-radius:.75rem}
h1{font-size:1.125rem;line-height:1.35;margin:0 0 .5rem;text-wrap:balance}
p{margin:.5rem 0 0;overflow-wrap:anywhere}.soft{color:var(--soft);font-size:.8125rem}
blockquote{margin:1rem 0 0;padding:.75rem 1rem;background:var(--sunken);border:1px solid var(--line);border-radius:.5rem;font-size:.8125rem;overflow-wrap:anywhere}
blockquote p:first-child{margin:0;color:var(--soft)}`;
const policy = policyForStyle(STYLE);

export async function page(c: Context, content: PageContent): Promise<Response> {
  const provider =
    content.provider == null || (content.provider.code === null && content.provider.text === null)
      ? ''
      : html`<blockquote><p>The provider said:</p><p>${content.provider.text ?? ''} ${content.provider.code === null ? '' : html`<code>${content.provider.code}</code>`}</p></blockquote>`;
  const body = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>${content.title} · Chatelaine</title><style>${raw(STYLE)}</style></head><body><main>${raw(LOGO)}<div class="card"><h1>${content.title}</h1><p>${content.message}</p>${provider}${content.advice === undefined ? '' : html`<p class="soft">${content.advice}</p>`}${content.code === undefined ? '' : html`<p class="soft">Code: <code>${content.code}</code></p>`}</div></main></body></html>`;
  c.header('content-security-policy', await policy());
  return c.html(body, content.status as 200);
}
