// The log: one JSON object a line. Errors are told by type, code, message and stack;
// whatever else hangs on an error object (requests, answers, parameters) stays out.

import { writeSync } from 'node:fs';
import { type DestinationStream, pino } from 'pino';
import type { Log } from '../hub/context.ts';
import { LOG_WAITING_MAX_BYTES } from '../limits.ts';

const CAUSES = 4;

export function createLog(level: string, stream: 'stdout' | 'stderr' = 'stdout'): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: plainError } };
  return pino(options, lines(stream === 'stdout' ? 1 : 2));
}

/**
 * Lines straight to a file descriptor. One that cannot be written (the disk is full, the pipe too, its reader gone)
 * takes nobody down and holds nobody up: it waits for the next line, and what does not fit is lost.
 */
function lines(fd: number): DestinationStream {
  let waiting = Buffer.alloc(0);
  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (waiting.length === 0) waiting = bytes;
      else if (waiting.length + bytes.length <= LOG_WAITING_MAX_BYTES) waiting = Buffer.concat([waiting, bytes]);
      try {
        while (waiting.length > 0) waiting = waiting.subarray(writeSync(fd, waiting));
      } catch {
        // There is no other place to say it.
      }
    },
  };
}

export const silentLog: Log = { info() {}, warn() {}, error() {} };

function plainError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: 'not an Error' };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && depth < CAUSES ? { cause: plainError(error.cause, depth + 1) } : {}),
  };
}
