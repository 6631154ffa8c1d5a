// An answer as it came from the wire, and the two shapes that others want of it: a standard Response, and a
// body that was a stream already (decoded ones are).

import type { IncomingHttpHeaders } from 'node:http';
import type { AnswerBody, BodySink, RawAnswer } from '../outbound.ts';

/** Statuses whose answer has no body (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5). */
export const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** The standard Response; `method` decides whether there is a body at all. */
export function responseOf({ status, headers, body }: RawAnswer, method: string): Response {
  const isBodiless = method === 'HEAD' || BODILESS.has(status);
  return new Response(isBodiless ? null : body.stream(), { status, headers: responseHeaders(headers) });
}

function responseHeaders(raw: RawAnswer['headers'] | IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    // Cookies are neither kept nor passed on.
    if (name === 'set-cookie' || value === undefined) continue;
    if (typeof value === 'string') headers.append(name, value);
    else for (const one of value) headers.append(name, one);
  }
  return headers;
}

/** A body over a stream, for a sink that is fed at its own pace. */
export function bodyOfStream(stream: ReadableStream<Uint8Array>): AnswerBody {
  let reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  let proceed: () => void = () => {};

  const pump = async (source: ReadableStreamDefaultReader<Uint8Array>, sink: BodySink): Promise<void> => {
    try {
      for (;;) {
        const { done, value } = await source.read();
        if (done) return sink.end();
        const room = Promise.withResolvers<void>();
        proceed = room.resolve;
        if (!sink.write(value)) await room.promise;
      }
    } catch (error) {
      sink.fail(error);
    }
  };

  return {
    takeWhole: () => null,
    pipe(sink) {
      reader = stream.getReader();
      void pump(reader, sink);
    },
    resume: () => proceed(),
    stream: () => stream,
    cancel(reason) {
      proceed();
      void (reader ?? stream).cancel(reason).catch(() => undefined);
    },
  };
}
