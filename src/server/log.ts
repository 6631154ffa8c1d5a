// The log: one JSON object a line. Errors are told by type, code, message and stack;
// whatever else hangs on an error object (requests, answers, parameters) stays out.

import { pino } from 'pino';
import type { Log } from '../hub/context.ts';

const CAUSES = 4;

export function createLog(level: string, stream: 'stdout' | 'stderr' = 'stdout'): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: plainError } };
  return pino(options, pino.destination({ dest: stream === 'stdout' ? 1 : 2, sync: true }));
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
