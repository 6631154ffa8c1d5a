// An exchange whose answers are written down beforehand. A request that nobody wrote an answer for fails, so
// that a test sees every request that is made; what was asked and noted can be looked at afterwards.

import { ChatelaineError } from '../../src/errors.ts';
import type { Exchange } from '../../src/outbound.ts';

export type Asked = {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  readonly form: URLSearchParams;
};

type Answer = Response | (() => Response);

export type Scripted = Exchange & {
  readonly asked: Asked[];
  readonly urls: () => string[];
  readonly notes: { readonly step: string; readonly decision: string }[];
  /** The one request that was made. */
  readonly only: () => Asked;
};

/** Answers by URL; a list is used up in order. `otherwise` answers the rest (default: a failing test). */
export function scripted(answers: Readonly<Record<string, Answer | Answer[]>>, otherwise?: () => Response): Scripted {
  const left = new Map(Object.entries(answers).map(([url, given]) => [url, Array.isArray(given) ? [...given] : given]));
  const asked: Asked[] = [];
  const notes: Scripted['notes'] = [];
  return {
    asked,
    notes,
    urls: () => asked.map(({ url }) => url),
    only: () => {
      const [first, ...more] = asked;
      if (first === undefined || more.length > 0) throw new Error(`expected one request, saw ${asked.length}`);
      return first;
    },
    note: (step, decision) => notes.push({ step, decision }),
    async fetch(url, init = {}) {
      const body = init.body === undefined || init.body === null ? '' : String(init.body);
      asked.push({
        method: init.method ?? 'GET',
        url,
        headers: new Headers(init.headers as Record<string, string>),
        body,
        form: new URLSearchParams(body),
      });
      const given = left.get(url);
      const answer = Array.isArray(given) ? given.shift() : given;
      if (answer === undefined) {
        if (otherwise !== undefined) return otherwise();
        throw new Error(`nobody wrote an answer for ${init.method ?? 'GET'} ${url}`);
      }
      return typeof answer === 'function' ? answer() : answer.clone();
    },
  };
}

export const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } });

export const html = (status = 200): Response =>
  new Response('<!doctype html><title>Welcome</title>', { status, headers: { 'content-type': 'text/html' } });

export const plain = (status: number, headers: Record<string, string> = {}): Response =>
  new Response(status === 204 ? null : 'no', { status, headers });

/** The ChatelaineError that `run` ends with. */
export async function failure(run: () => unknown): Promise<ChatelaineError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof ChatelaineError) return error;
    throw error;
  }
  throw new Error('expected a ChatelaineError');
}
