// Schemas that several resources share, and what is common to every route's description.

import { z } from '@hono/zod-openapi';
import { CALL_LIMITS_MAX } from '../../hub/call-limits.ts';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../../limits.ts';

export const time = z
  .string()
  .datetime()
  .openapi({ description: 'ISO 8601, UTC', example: '2026-11-24T08:00:00.000Z' });
export const nullableTime = time.nullable();

export const callLimit = (name: keyof typeof CALL_LIMITS_MAX, what: string) =>
  z
    .number()
    .int()
    .min(1)
    .max(CALL_LIMITS_MAX[name])
    .nullable()
    .openapi({ description: `${what}; null for no limit` });

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string().openapi({ description: 'Stable; match on this' }),
    detail: z.string().openapi({ description: 'For a person: what went wrong and what to do' }),
    field: z.string().optional(),
    retryAfterSeconds: z.number().optional(),
    upstreamStatus: z.number().optional(),
    upstreamCode: z.string().optional(),
    upstreamText: z.string().optional(),
    scopes: z.array(z.string()).optional(),
  })
  .openapi('Problem');

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).default(PAGE_LIMIT_DEFAULT),
  cursor: z.string().max(100).optional().openapi({ description: 'nextCursor of the page before' }),
});

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable().openapi({ description: 'null at the end' }) });

export const idParameter = z.object({
  id: z
    .string()
    .max(100)
    .openapi({ param: { name: 'id', in: 'path' } }),
});

const problemContent = { 'application/problem+json': { schema: problem } };

/** The answers that every route may give besides its own. */
export const failures = {
  400: { description: 'The request is not valid', content: problemContent },
  401: { description: 'Nobody is signed in, or a wrong API token', content: problemContent },
  403: { description: 'The role does not permit it', content: problemContent },
  404: { description: 'Not found', content: problemContent },
  409: { description: 'Taken already, or the state does not permit it', content: problemContent },
  429: { description: 'Too many attempts', content: problemContent },
  422: { description: 'The remote server or a setting does not permit it; `code` says what', content: problemContent },
  502: { description: 'The remote server failed', content: problemContent },
  503: { description: 'Try again later', content: problemContent },
} as const;

export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

export const body = <T extends z.ZodType>(schema: T) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

/** A body that may be left out altogether. */
export const optionalBody = <T extends z.ZodType>(schema: T) => ({
  body: { required: false, content: { 'application/json': { schema } } },
});

/** Epoch milliseconds as callers read them. */
export const iso = (at: number): string => new Date(at).toISOString();
export const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

/** What a request to a server says of the server's own questions: how they are dealt with, and their answers. */
export const serverQuestions = {
  inputResponses: z.record(z.string(), z.unknown()).optional().openapi({
    description:
      'Answers to an earlier `input_required`, by the names in its `inputRequests`: `{action: "accept", content}` for a form, `{action: "accept"}` for a page that was opened, `{action: "decline"}`, `{action: "cancel"}`',
  }),
  requestState: z.string().optional().openapi({ description: 'That of the same result, byte for byte' }),
  elicitation: z.enum(['decline', 'accept_defaults', 'ask']).optional().openapi({
    description:
      '`ask` answers what the server asks, forms and pages to open, as `input_required`; a server of an older revision asks in mid-call and is declined',
  }),
};
