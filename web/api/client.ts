// The typed client of the hub's API, and the one shape in which its failures reach the page.

import createClient from 'openapi-fetch';
import { MOUNT } from './mount.ts';
import type { components, paths } from './schema.d.ts';

export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];

/** A refusal or fault of the hub, in the words that it has for a person. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly field: string | null;
  readonly upstream: string | null;

  constructor(problem: Partial<Problem> & { status: number }) {
    super(problem.detail ?? 'The hub did not answer as expected. Try again in a moment.');
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.code = problem.code ?? 'unreachable';
    this.title = problem.title ?? 'Something went wrong';
    this.field = problem.field ?? null;
    this.upstream = [problem.upstreamCode, problem.upstreamText].filter(Boolean).join(': ') || null;
  }
}

export const api = createClient<paths>({ baseUrl: `${MOUNT}/`, credentials: 'same-origin' });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The data of a call, or its problem thrown. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call.catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiProblem({
      status: 0,
      code: 'unreachable',
      title: 'The hub cannot be reached',
      detail: 'The hub cannot be reached. Check that it runs and that you are online; the page tries again by itself.',
    });
  });
  if (response.ok) return data as T;
  throw new ApiProblem({ ...(typeof error === 'object' ? error : {}), status: response.status });
}

/** Rows of a list that the page keeps: more are no use to anybody who scrolls. */
export const LIST_MOST = 2_000;

type Page<T> = { items: T[]; nextCursor: string | null };

/** Every item of a list, page after page. */
export async function everyItem<T>(page: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const answer = await page(cursor);
    items.push(...answer.items);
    cursor = answer.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

/** The first items of a list that may be very long; `search` finds the others. */
export async function firstItems<P extends { items: unknown[]; nextCursor: string | null }>(
  page: (cursor: string | undefined) => Promise<P>,
): Promise<P> {
  const first = await page(undefined);
  const { items } = first;
  let { nextCursor } = first;
  while (nextCursor !== null && items.length < LIST_MOST) {
    const answer = await page(nextCursor);
    items.push(...answer.items);
    nextCursor = answer.nextCursor;
  }
  return { ...first, items, nextCursor };
}

export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem({ status: 0, code: 'page_error', detail: error instanceof Error ? error.message : undefined });
}
