// One finding of `chatelaine doctor`.

import { isChatelaineError } from '../errors.ts';

export type Check = {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to do; null where nothing is to do or the message says it. */
  readonly mend: string | null;
};

export const ok = (name: string, message: string): Check => ({ name, status: 'ok', message, mend: null });
export const warn = (name: string, message: string, mend: string): Check => ({ name, status: 'warn', message, mend });
export const fail = (name: string, message: string, mend: string | null): Check => ({
  name,
  status: 'fail',
  message,
  mend,
});

/** What `look` found, or its failure as a finding. */
export async function checked(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    // Our own errors say what to do; others come from the system and say what happened.
    if (isChatelaineError(error)) return fail(name, error.message, null);
    return fail(name, error instanceof Error ? error.message : String(error), null);
  }
}
