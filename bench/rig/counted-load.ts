// A load whose replies are held against the server's own count of calls. Fewer calls there than replies here:
// something answered without asking, and that is no gateway's speed.

import { type LoadOptions, runLoad } from './load.ts';
import type { LoadFigures } from './recorder.ts';

/** What the mock server is told: how it answers from now on. */
export async function setMode(origin: string, mode: 'json' | 'sse'): Promise<void> {
  await fetch(`${origin}/__mode?sse=${mode === 'sse' ? 1 : 0}`, { method: 'POST' });
}

/** `origin` is the mock server's; nobody else may call it meanwhile. */
export async function runCountedLoad(origin: string, options: LoadOptions): Promise<LoadFigures> {
  const before = await callsAt(origin);
  const figures = await runLoad(options);
  const missing = Math.max(0, figures.replies - ((await callsAt(origin)) - before));
  if (missing === 0) return figures;
  return {
    ...figures,
    errors: figures.errors + missing,
    errorKinds: { ...figures.errorKinds, not_forwarded: missing },
  };
}

async function callsAt(origin: string): Promise<number> {
  const { calls } = (await (await fetch(`${origin}/__counts`)).json()) as { calls: number };
  return calls;
}
