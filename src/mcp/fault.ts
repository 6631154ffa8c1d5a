// Turns whatever ends an exchange early into one of our errors. Faults of the guarded fetch are such
// errors already; the reason of a caller's abort is the caller's and comes out as it is.

import { ChatelaineError } from '../errors.ts';
import { ConnectionLost } from './connection.ts';

/** What to throw for `error`, caught around a fetch or the reading of its body under `signal`. */
export function asFault(error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof ChatelaineError || error instanceof ConnectionLost) return error;
  if (isTimeout(error)) {
    return new ChatelaineError('upstream_timeout', 'The server did not answer in time; try again later.', {
      cause: error,
    });
  }
  if (signal?.aborted === true) return signal.reason;
  return new ChatelaineError('upstream_unreachable', 'The connection to the server broke off; try again later.', {
    cause: error,
  });
}

/** The signal of any of `signals` that exist; undefined when none does. */
export function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const present = signals.filter((signal) => signal !== undefined);
  return present.length > 1 ? AbortSignal.any(present) : present[0];
}

/** Resolves after `milliseconds`. @throws the reason of `signal` when it comes first */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      if (signal?.aborted === true) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal?.addEventListener('abort', finish);
    if (signal?.aborted === true) finish();
  });
}

/** Lets go of a body that nobody will read, so that its connection is free again. */
export async function discardBody(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
