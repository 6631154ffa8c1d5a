// How many listings of tools a process reads at once. Whoever is listed decides how long it takes and how much comes, so
// that a thousand servers that mean no good, or only answer at length, would fill the memory and leave agents without an
// answer. Small answers are read side by side; a large one waits for its turn, and for what agents need meanwhile.

import type { FetchLike } from '../outbound.ts';
import { LISTING_LARGE_BYTES, LISTING_REST_TIMES, LISTINGS_MAX } from '../work-limits.ts';

export type ListingRoom = {
  /** Runs a listing when there is room; what goes through the fetch that it is handed is held back where it is large. */
  run<T>(list: (through: (fetch: FetchLike) => FetchLike) => Promise<T>): Promise<T>;
};

export function createListingRoom(): ListingRoom {
  const places = createTurns(LISTINGS_MAX);
  const large = createTurns(1);
  return {
    async run(list) {
      const leave = await places.take();
      const held = holding(large);
      try {
        return await list((fetch) => async (url, init) => heldBack(await fetch(url, init), held.begin));
      } finally {
        leave();
        held.end();
      }
    },
  };
}

/** One listing's turn among the large ones, from its first large answer to its end. */
function holding(turns: Turns): { begin: () => Promise<void>; end: () => void } {
  let begun: Promise<() => void> | null = null;
  let begunAt: number | null = null;
  let isOver = false;
  return {
    async begin() {
      begun ??= turns.take().then((giveBack) => {
        begunAt = performance.now();
        // Whoever gave up while it waited has no use for its turn.
        if (isOver) giveBack();
        return giveBack;
      });
      await begun;
    },
    end() {
      isOver = true;
      if (begun === null || begunAt === null) return;
      // Reading and taking apart what is large leaves little of the process; most of the time belongs to calls.
      const rest = LISTING_REST_TIMES * (performance.now() - begunAt);
      void begun.then((giveBack) => setTimeout(giveBack, rest));
    },
  };
}

/** The same answer, of which what goes beyond a small one is not read before `turn`. */
function heldBack(response: Response, turn: () => Promise<void>): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  let bytes = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (bytes > LISTING_LARGE_BYTES) await turn();
        const { done, value } = await reader.read();
        if (done) return controller.close();
        bytes += value.byteLength;
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status: response.status, headers: response.headers });
}

type Turns = { take(): Promise<() => void> };

/** At most `most` at a time; the others in the order in which they came. */
function createTurns(most: number): Turns {
  const waiting: (() => void)[] = [];
  let taken = 0;
  const end = (): void => {
    const next = waiting.shift();
    if (next === undefined) taken -= 1;
    else next();
  };
  const once = (): (() => void) => {
    let isOver = false;
    return () => {
      if (!isOver) end();
      isOver = true;
    };
  };
  return {
    async take() {
      if (taken >= most) await new Promise<void>((resolve) => waiting.push(resolve));
      else taken += 1;
      return once();
    },
  };
}
