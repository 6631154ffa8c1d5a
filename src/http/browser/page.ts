// Plain pages without script, for what a browser must be told outside the web page. Everything that
// comes from elsewhere is escaped.

import type { Context } from 'hono';
import { html, raw } from 'hono/html';
import { policyForStyle } from '../content-policy.ts';

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

const STYLE = `:root{color-scheme:light dark;--ink:#1d2530;--paper:#fbfaf7;--line:#d8d3c7;--soft:#5b6472}
@media (prefers-color-scheme:dark){:root{--ink:#e9e6df;--paper:#171a1f;--line:#343a44;--soft:#a3abb8}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:34rem;margin:14vh auto;padding:0 1.5rem}
h1{font-size:1.4rem;line-height:1.25;margin:0 0 .75rem}
p{margin:.5rem 0}.soft{color:var(--soft)}
blockquote{margin:1rem 0;padding:.5rem 1rem;border-left:3px solid var(--line);color:var(--soft);overflow-wrap:anywhere}
code{font-size:.9em}`;
const policy = policyForStyle(STYLE);

export async function page(c: Context, content: PageContent): Promise<Response> {
  const provider =
    content.provider == null || (content.provider.code === null && content.provider.text === null)
      ? ''
      : html`<blockquote><p>The provider said:</p><p>${content.provider.text ?? ''} ${content.provider.code === null ? '' : html`<code>${content.provider.code}</code>`}</p></blockquote>`;
  const body = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>${content.title} · Chatelaine</title><style>${raw(STYLE)}</style></head><body><main><h1>${content.title}</h1><p>${content.message}</p>${provider}${content.advice === undefined ? '' : html`<p class="soft">${content.advice}</p>`}${content.code === undefined ? '' : html`<p class="soft">Code: <code>${content.code}</code></p>`}</main></body></html>`;
  c.header('content-security-policy', await policy());
  return c.html(body, content.status as 200);
}
