// Waits for a server to say that its tool list changed: over `subscriptions/listen` (2026-07-28), the GET
// stream of a session (2025-03-26 to 2025-11-25), or the one stream of 2024-11-05. When to come back after
// the end, and listing anew, is the caller's part.

import type { UpstreamOptions } from './upstream.ts';
import { openConnection } from './upstream.ts';

export type WatchOptions = Omit<UpstreamOptions, 'signal' | 'capabilities' | 'onElicitation'> & {
  readonly onChange: () => void;
  /** Changes are heard from now on: whoever listed before this moment lists once more. */
  readonly onReady?: () => void;
  /** Ends the watch; its promise then resolves with `closed`. */
  readonly signal: AbortSignal;
};

/**
 * Watches until the server ends it.
 *
 * @returns `unsupported` when this server tells nothing, `closed` when it is worth coming back
 * @throws what opening an upstream throws, and UpstreamStatusError or RpcError when watching is refused
 */
export async function watchToolList(options: WatchOptions): Promise<'unsupported' | 'closed'> {
  const { signal, onChange, onReady = () => undefined } = options;
  const connection = await openConnection(options);
  try {
    return await connection.listen(onReady, onChange, signal);
  } finally {
    await connection.close();
  }
}
