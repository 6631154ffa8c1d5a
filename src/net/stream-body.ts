// The body of an answer that is a stream already, as decoded ones are.

import type { AnswerBody, BodySink } from '../outbound.ts';

/** Feeds a sink at the sink's pace. */
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
    cancel(reason) {
      proceed();
      void (reader ?? stream).cancel(reason).catch(() => undefined);
    },
  };
}
