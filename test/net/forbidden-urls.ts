// The addresses of vectors/forbidden-urls.json, and what each is refused for.

import { readFileSync } from 'node:fs';

export const REASONS = {
  private: /private, local or reserved/,
  https: /must be reached over https/,
  scheme: /is not a web address/,
  userinfo: /holds a user name or password/,
  port: /is not used for HTTP/,
  not_a_url: /not a valid web address/,
} as const;

export type Forbidden = { readonly what: string; readonly url: string; readonly reason: keyof typeof REASONS };

/** With `port` where a vector leaves it open. */
export function forbiddenUrls(port: number): Forbidden[] {
  const file = new URL('./vectors/forbidden-urls.json', import.meta.url);
  const rows = JSON.parse(readFileSync(file, 'utf8')) as [string, string, keyof typeof REASONS][];
  return rows.map(([what, url, reason]) => ({ what, url: url.replaceAll('{port}', String(port)), reason }));
}
