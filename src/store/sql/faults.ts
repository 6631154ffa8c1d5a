// What a driver throws, in the words of the store: `conflict`, `not_found`, `store_unavailable`. Each
// dialect says what its errors mean; this file says what we make of them. Anything else is a bug of
// ours and passes unchanged, so that it is seen as one.

import { ChatelaineError } from '../../errors.ts';

/** What a database error means; null for one that has no name here. */
export type Fault =
  | { readonly kind: 'taken'; readonly field: string }
  | { readonly kind: 'parent_missing' }
  | { readonly kind: 'unstorable_text' }
  | { readonly kind: 'unavailable'; readonly why?: Outage }
  /** Unavailable for now, such as a server that restarts: trying again is all that it takes. */
  | { readonly kind: 'away'; readonly why?: Outage };

/** What keeps a database from its work, where a person can tell it from the error. */
export type Outage = 'full' | 'read_only' | 'gone';

const OUTAGES: { readonly [why in Outage]: string } = {
  full: 'The disk of the database is full, so nothing can be saved; free some space on it, then try again.',
  read_only:
    'The database cannot be written: its file, folder, disk or server is read-only; make it writable, then try again.',
  gone:
    'The database file was moved, replaced or deleted while it was in use, so nothing is saved; ' +
    'put it back where it was, or restart Chatelaine if it is to use what is there now.',
};

/** A server that restarts is back after a few of these. */
const AGAIN_AFTER_SECONDS = 1;

export type Classify = (error: unknown) => Fault | null;

/** The error to throw in place of `error`; the original is its cause. */
export function translateFault(error: unknown, classify: Classify): unknown {
  if (error instanceof ChatelaineError) return error;
  const fault = classify(error);
  switch (fault?.kind) {
    case 'taken':
      return new ChatelaineError('conflict', `This ${fault.field} is already taken; choose another one.`, {
        cause: error,
        details: { field: fault.field },
      });
    case 'parent_missing':
      return new ChatelaineError('not_found', 'The connector or agent that this belongs to no longer exists.', {
        cause: error,
      });
    case 'unstorable_text':
      return new ChatelaineError('invalid_request', 'A text holds a NUL character, which cannot be stored.', {
        cause: error,
      });
    case 'unavailable':
      return new ChatelaineError(
        'store_unavailable',
        fault.why === undefined
          ? 'The database did not answer as it should; look at its log and its disk, then try again.'
          : OUTAGES[fault.why],
        { cause: error },
      );
    case 'away':
      return new ChatelaineError(
        'store_unavailable',
        fault.why === undefined
          ? 'The database does not answer as it should at the moment; try again, and look at its log and its disk if that goes on.'
          : OUTAGES[fault.why],
        { cause: error, details: { retryAfterSeconds: AGAIN_AFTER_SECONDS } },
      );
    default:
      return error;
  }
}

/** The same methods, whose errors are translated. */
export function translating<T extends object>(methods: T, classify: Classify): T {
  const wrap = (method: (...values: unknown[]) => Promise<unknown>) => {
    return async (...values: unknown[]): Promise<unknown> => {
      try {
        return await method(...values);
      } catch (error) {
        throw translateFault(error, classify);
      }
    };
  };
  return Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, wrap(method)])) as T;
}

/** `ticket_hash` → `ticketHash`: details name the field as the record does. */
export function fieldName(column: string): string {
  return column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
