// `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date that is measured against the answer's own clock.

import { RETRY_AFTER_MAX_SECONDS } from '../limits.ts';

/** Whole seconds to wait, at most a day; null when the server named none that can be read. */
export function retryAfterSeconds(headers: Headers): number | null {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,10}$/.test(value)) return Math.min(Number(value), RETRY_AFTER_MAX_SECONDS);
  const seconds = Math.ceil((Date.parse(value) - Date.parse(headers.get('date') ?? '')) / 1000);
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), RETRY_AFTER_MAX_SECONDS);
}
