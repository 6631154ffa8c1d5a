// Times as people and programs write them: ISO 8601, in UTC.

import { UsageError } from './command.ts';

/** A day, or a moment with its time zone: a time without one would mean something else on each machine. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** How the options that take a time are explained. */
export const EXPIRES_OPTION = {
  type: 'string',
  value: 'TIME',
  help: 'until when it is good, such as 2027-01-31 (UTC); for ever without',
} as const;

/** Milliseconds since the epoch, null where no time was given. @throws UsageError */
export function readExpiry(text: string | undefined, path: string): number | null {
  if (text === undefined) return null;
  const at = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new UsageError('--expires takes a time such as 2027-01-31 or 2027-01-31T12:00:00Z.', path);
  return at;
}

export const iso = (at: number): string => new Date(at).toISOString();

export const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));
