import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SseEvent, SsePosition } from '../../src/mcp/sse.ts';
import { readEvents, startOfStream } from '../../src/mcp/sse.ts';

const LIMITS = { maxEventBytes: 1_000_000 };

function bodyOf(chunks: readonly (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk));
  return ReadableStream.from(bytes) as ReadableStream<Uint8Array>;
}

async function eventsIn(chunks: readonly (string | Uint8Array)[], position = startOfStream()): Promise<SseEvent[]> {
  return Array.fromAsync(readEvents(bodyOf(chunks), position, LIMITS));
}

describe('readEvents', () => {
  test.each([
    ['one line of data', 'data: a\n\n', ['a']],
    ['several lines of data', 'data: a\ndata: b\ndata:\n\n', ['a\nb\n']],
    ['data without the space', 'data:a\n\n', ['a']],
    ['CRLF', 'data: a\r\ndata: b\r\n\r\n', ['a\nb']],
    ['CR alone', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['comments', ': hello\n\ndata: a\n: inside\n\n:\n\n', ['a']],
    ['a byte order mark', '\ufeffdata: a\n\n', ['a']],
    ['events without data', 'id: 1\n\nevent: x\n\ndata: \n\ndata: a\n\n', ['a']],
    ['unknown fields', 'foo: bar\nbaz\ndata: a\n\n', ['a']],
    ['a last event without its blank line', 'data: a\n\ndata: b', ['a', 'b']],
    ['nothing', '', []],
  ])('reads %s', async (_, text, expected) => {
    expect((await eventsIn([text])).map(({ data }) => data)).toEqual(expected);
  });

  test('names the type of an event', async () => {
    expect(await eventsIn(['event: endpoint\ndata: /x\n\ndata: y\n\n'])).toEqual([
      { type: 'endpoint', data: '/x' },
      { type: 'message', data: 'y' },
    ]);
  });

  test.each([
    ['the last id and the retry time', 'id: 7\nretry: 250\ndata: a\n\n', { lastEventId: '7', retryMs: 250 }],
    ['an id without data', 'id: 8\n\n', { lastEventId: '8', retryMs: null }],
    ['no id that a header cannot hold', 'id: 1\ndata: a\n\nid: é\n\n', { lastEventId: null, retryMs: null }],
    ['no id of an event that was cut off', 'id: 1\ndata: a\n\nid: 2\ndata: {"cut', { lastEventId: '1', retryMs: null }],
    ['no retry time that is no number', 'retry: soon\ndata: a\n\n', { lastEventId: null, retryMs: null }],
  ])('remembers %s', async (_, text, expected) => {
    const position: SsePosition = startOfStream();
    await eventsIn([text], position);
    expect(position).toEqual(expected);
  });

  test('gives the same events wherever the network cuts the bytes and however lines end', async () => {
    const texts = fc.array(
      fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => JSON.stringify({ text })),
      { maxLength: 6 },
    );
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(texts, lineEnd, cuts, fc.boolean(), async (all, end, sizes, comments) => {
        const lines = all.flatMap((text) => [
          ...(comments ? [': ping', ''] : []),
          'event: message',
          `data: ${text}`,
          '',
        ]);
        const bytes = new TextEncoder().encode(lines.map((line) => line + end).join(''));
        const chunks: Uint8Array[] = [];
        for (let at = 0, n = 0; at < bytes.length; n += 1) {
          const size = sizes[n % sizes.length] ?? 1;
          chunks.push(bytes.slice(at, at + size));
          at += size;
        }
        expect((await eventsIn(chunks)).map(({ data }) => data)).toEqual(all);
      }),
    );
  });

  test('stops at an event that is larger than allowed', async () => {
    const endless = bodyOf(Array.from({ length: 100 }, () => `data: ${'x'.repeat(1000)}\n`));
    const read = Array.fromAsync(readEvents(endless, startOfStream(), { maxEventBytes: 5_000 }));
    await expect(read).rejects.toMatchObject({ code: 'upstream_too_large' });
  });

  test('stops at a stream that is larger than allowed, even when it says nothing', async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        controller.enqueue(new TextEncoder().encode(': nothing\n'.repeat(100)));
      },
    });
    const read = Array.fromAsync(readEvents(endless, startOfStream(), { maxEventBytes: 5_000, maxTotalBytes: 10_000 }));
    await expect(read).rejects.toMatchObject({ code: 'upstream_too_large' });
    expect(sent).toBeLessThan(20);
  });
});
