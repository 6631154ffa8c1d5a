// What a server asks back in the middle of a call (MCP 2026-07-28, "Multi Round-Trip Requests"): forms to fill in and
// pages to open. All of it is the server's own words.

import { fieldsOf, type SchemaField } from './schema-form.ts';

export type Question = { readonly name: string; readonly message: string } & (
  | { readonly kind: 'form'; readonly fields: readonly SchemaField[] }
  | { readonly kind: 'page'; readonly url: string; readonly host: string }
  | { readonly kind: 'unknown' }
);

export type QuestionAnswer = {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content?: Record<string, unknown>;
};

type Json = Record<string, unknown>;
const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

export function questionsOf(result: Json): Question[] {
  return Object.entries(objectOf(result.inputRequests)).map(([name, value]) => {
    const request = objectOf(value);
    const params = objectOf(request.params);
    const message = typeof params.message === 'string' ? params.message : '';
    const mode = request.method === 'elicitation/create' ? (params.mode ?? 'form') : null;
    if (mode === 'form') return { name, message, kind: 'form', fields: fieldsOf(objectOf(params.requestedSchema)) };
    const url = mode === 'url' ? webAddress(params.url) : null;
    if (url !== null) return { name, message, kind: 'page', url: url.href, host: url.host };
    return { name, message, kind: 'unknown' };
  });
}

/** Only what a browser opens as a page: never `javascript:` or a file. */
function webAddress(value: unknown): URL | null {
  if (typeof value !== 'string' || !URL.canParse(value)) return null;
  const url = new URL(value);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : null;
}
