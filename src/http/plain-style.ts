// What the pages without script look like: the colours of the web page, and the fonts that every system has.

export const PLAIN_STYLE = `:root{color-scheme:light dark;--ink:light-dark(#17171c,#f0f0f3);--soft:light-dark(#656571,#9393a0);--canvas:light-dark(#f7f7f9,#0c0c0f);--surface:light-dark(#fff,#131317);--sunken:light-dark(#f4f4f7,#0e0e12);--line:light-dark(#e6e6ec,#25252c);--accent:light-dark(#5350c4,#6461d8);--link:light-dark(#4b48bd,#aeacf7)}
*{box-sizing:border-box}
body{margin:0;background:var(--canvas);color:var(--ink);font:.9375rem/1.55 Inter,system-ui,sans-serif;-webkit-font-smoothing:antialiased}
h1,h2{font-weight:600;letter-spacing:-.011em}
a{color:var(--link)}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,monospace}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
`;

/** The mark: keys on a ring. */
export const LOGO =
  '<svg viewBox="0 0 32 32" width="40" height="40" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#5350c4"/><g fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round"><circle cx="16" cy="9.5" r="4"/><path d="M16 13.5v12M16 21h4.2M16 25.5h3"/><path d="m12.6 12-4 8.6" opacity=".65"/></g></svg>';
