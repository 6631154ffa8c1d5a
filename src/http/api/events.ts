// GET /api/events: server-sent hints that something changed, for pages that are open. Each says what to ask for
// again, never what it is now, so that nothing is told here that its reader could not ask for.

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { ChatelaineError } from '../../errors.ts';
import { CHANGE_TYPES, type Change } from '../../hub/change-feed.ts';
import {
  CHANGES_SETTLE_MS,
  EVENT_STREAMS_MAX,
  EVENT_STREAMS_OF_ONE,
  SESSION_CACHE_MS,
  STREAM_HEARTBEAT_MS,
} from '../../limits.ts';
import { needs, stillCalls } from '../authn.ts';
import type { HttpDependencies, HttpEnvironment } from '../environment.ts';
import { failures } from './shapes.ts';

const RETRY_AFTER_SECONDS = 30;
/** What a browser waits before it asks again after a stream ended. */
const RECONNECT_MS = 2_000;

const event = z
  .object({ type: z.enum(CHANGE_TYPES), id: z.string().nullable().openapi({ description: 'null: any of them' }) })
  .openapi('ChangeEvent');

export function mountEvents(app: OpenAPIHono<HttpEnvironment>, dependencies: HttpDependencies): void {
  const { changes } = dependencies.views;
  const openOf = new Map<string, number>();

  app.openapi(
    createRoute({
      tags: ['Live'],
      ...needs('viewer'),
      method: 'get',
      path: '/api/events',
      summary: 'Hints of what changed, as server-sent events; ends with the session',
      responses: {
        200: { description: 'A stream of ChangeEvent', content: { 'text/event-stream': { schema: event } } },
        ...failures,
      },
    }),
    (c) => {
      // HEAD arrives here too, and nobody would ever end its stream.
      if (c.req.method !== 'GET')
        throw new ChatelaineError('invalid_request', 'A stream of news is asked for with GET.');
      const caller = c.get('actor').name;
      if (changes.listeners() >= EVENT_STREAMS_MAX || (openOf.get(caller) ?? 0) >= EVENT_STREAMS_OF_ONE) {
        throw new ChatelaineError('rate_limited', 'Too many streams of news are open; close other pages.', {
          details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
        });
      }
      openOf.set(caller, (openOf.get(caller) ?? 0) + 1);
      const again = c.req.header('last-event-id') !== undefined;
      const calls = stillCalls(c, dependencies);
      const encoder = new TextEncoder();
      let end = (): void => undefined;

      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const waiting = new Map<string, Change>();
          let settling: ReturnType<typeof setTimeout> | null = null;
          let ended = false;
          let sent = 0;
          const write = (text: string): void => {
            if (!ended) controller.enqueue(encoder.encode(text));
          };
          const flush = (): void => {
            settling = null;
            for (const change of waiting.values()) {
              sent += 1;
              write(`id: ${sent}\ndata: ${JSON.stringify(change)}\n\n`);
            }
            waiting.clear();
          };
          let checkingAgain: ReturnType<typeof setTimeout> | null = null;
          let changedSince = false;
          const check = (): void => {
            void calls().then(
              (still) => (still ? undefined : end()),
              () => undefined,
            );
          };
          const recheck = (): void => {
            check();
            // A change by another process may find a session that this one read just before it and still believes.
            if (checkingAgain !== null) {
              changedSince = true;
              return;
            }
            checkingAgain = setTimeout(() => {
              checkingAgain = null;
              const anew = changedSince;
              changedSince = false;
              if (anew) recheck();
              else check();
            }, SESSION_CACHE_MS + CHANGES_SETTLE_MS);
          };
          const tell = (change: Change): void => {
            if (change.type === 'people' || change.type === 'changed') recheck();
            // A reader that does not keep up is told everything at once later.
            if ((controller.desiredSize ?? 0) < -EVENT_STREAMS_MAX) return;
            waiting.set(`${change.type} ${change.id}`, change);
            settling ??= setTimeout(flush, CHANGES_SETTLE_MS);
          };
          const beat = setInterval(() => {
            write(': \n\n');
            check();
          }, STREAM_HEARTBEAT_MS);
          const stop = changes.listen(tell, () => end());
          end = () => {
            if (ended) return;
            ended = true;
            stop();
            clearInterval(beat);
            if (settling !== null) clearTimeout(settling);
            if (checkingAgain !== null) clearTimeout(checkingAgain);
            const left = (openOf.get(caller) ?? 1) - 1;
            if (left === 0) openOf.delete(caller);
            else openOf.set(caller, left);
            try {
              controller.close();
            } catch {
              // The reader has closed it already.
            }
          };
          write(`retry: ${RECONNECT_MS}\n\n`);
          if (again) tell({ type: 'changed', id: null });
        },
        cancel: () => end(),
      });
      return c.body(body, 200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        // A stream that ended leaves no idle connection behind, for which a closing server would wait.
        connection: 'close',
      }) as never;
    },
  );
}
