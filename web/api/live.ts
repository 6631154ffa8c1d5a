// Live changes: the hub's event stream tells what changed, and what the page shows of it is read again. Without
// the stream, coming back to the window reads again.

import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { MOUNT } from './mount.ts';

type Change = { type: string; id: string | null };

/** Many changes at one moment are one reading. */
const GATHER_MS = 250;

/** The first parts of the keys that a kind of change makes stale. */
const STALE: Record<string, readonly string[]> = {
  connector: ['connectors', 'agents', 'health'],
  tools: ['connectors', 'agents', 'health'],
  agent: ['agents', 'connectors'],
  calls: ['calls'],
  people: ['people', 'me'],
  sync: ['sync'],
};

export function useLive(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const source = new EventSource(`${MOUNT}/api/events`);
    const waiting = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      waiting.add(kindOf(data));
      timer ??= setTimeout(() => {
        timer = undefined;
        readAgain(queries, waiting);
        waiting.clear();
      }, GATHER_MS);
    });
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [queries]);
}

function kindOf(data: string): string {
  try {
    return (JSON.parse(data) as Change).type;
  } catch {
    return 'changed';
  }
}

function readAgain(queries: QueryClient, kinds: ReadonlySet<string>): void {
  const known = [...kinds].map((kind) => STALE[kind]);
  if (known.includes(undefined)) {
    void queries.invalidateQueries();
    return;
  }
  for (const key of new Set(known.flatMap((keys) => keys ?? []))) void queries.invalidateQueries({ queryKey: [key] });
}
