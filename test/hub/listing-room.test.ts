// Listings share a room: so many at once, and of large answers one, so that whoever lists cannot take the whole process.

import { expect, test } from 'vitest';
import { createListingRoom } from '../../src/hub/listing-room.ts';
import type { FetchLike } from '../../src/outbound.ts';
import { LISTING_LARGE_BYTES, LISTINGS_MAX } from '../../src/work-limits.ts';
import { until } from '../support/until.ts';

const CHUNK_BYTES = 64 * 1024;

/** Answers with so many bytes; `read` tells how many were taken. */
function answering(bytes: number): { fetch: FetchLike; read: () => number } {
  let read = 0;
  const fetch: FetchLike = async () =>
    new Response(
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (read >= bytes) return controller.close();
            read += CHUNK_BYTES;
            controller.enqueue(new Uint8Array(CHUNK_BYTES));
          },
        },
        { highWaterMark: 0 },
      ),
      { status: 201, headers: { 'x-kept': 'yes' } },
    );
  return { fetch, read: () => read };
}

test('no more than LISTINGS_MAX run at once, and each that ends makes room for the next', async () => {
  const room = createListingRoom();
  const ends: (() => void)[] = [];
  let running = 0;
  const all = Array.from({ length: 3 * LISTINGS_MAX }, () =>
    room.run(() => {
      running += 1;
      return new Promise<void>((resolve) => ends.push(resolve)).finally(() => {
        running -= 1;
      });
    }),
  );
  for (let done = 0; done < all.length; done += 1) {
    await until('there is one to end', () => ends.length > 0);
    expect(running).toBeLessThanOrEqual(LISTINGS_MAX);
    ends.shift()?.();
  }
  await Promise.all(all);
});

test('a listing that fails makes room as well', async () => {
  const room = createListingRoom();
  for (let i = 0; i < 2 * LISTINGS_MAX; i += 1)
    await expect(room.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('of answers beyond LISTING_LARGE_BYTES one is read at a time, while small ones go on', async () => {
  const room = createListingRoom();
  const [first, second, small] = [
    answering(4 * LISTING_LARGE_BYTES),
    answering(4 * LISTING_LARGE_BYTES),
    answering(CHUNK_BYTES),
  ];
  const hold = Promise.withResolvers<void>();
  const reading = room.run(async (through) => {
    const answer = await through(first.fetch)('x');
    expect([answer.status, answer.headers.get('x-kept')]).toEqual([201, 'yes']);
    const bytes = (await answer.arrayBuffer()).byteLength;
    await hold.promise;
    return bytes;
  });
  await until('the first is read', () => first.read() >= 4 * LISTING_LARGE_BYTES);
  const waiting = room.run(async (through) => (await (await through(second.fetch)('x')).arrayBuffer()).byteLength);
  await until('the second waits', () => second.read() > LISTING_LARGE_BYTES);
  expect(await room.run(async (through) => (await (await through(small.fetch)('x')).arrayBuffer()).byteLength)).toBe(
    CHUNK_BYTES,
  );
  expect(second.read()).toBe(LISTING_LARGE_BYTES + CHUNK_BYTES);
  hold.resolve();
  expect(await reading).toBe(4 * LISTING_LARGE_BYTES);
  expect(await waiting).toBe(4 * LISTING_LARGE_BYTES);
});

test('whoever gives up while it waits leaves its turn to the next', async () => {
  const room = createListingRoom();
  const hold = Promise.withResolvers<void>();
  const large = () => answering(2 * LISTING_LARGE_BYTES);
  const first = room.run(async (through) => {
    await (await through(large().fetch)('x')).arrayBuffer();
    await hold.promise;
  });
  const given = large();
  const gone = room.run(async (through) => {
    const body = (await through(given.fetch)('x')).arrayBuffer();
    await until('it waits', () => given.read() > LISTING_LARGE_BYTES);
    void body.catch(() => undefined);
    throw new Error('too late');
  });
  await expect(gone).rejects.toThrow('too late');
  hold.resolve();
  await first;
  await room.run(async (through) => (await through(large().fetch)('x')).arrayBuffer());
});
