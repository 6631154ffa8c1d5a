// Rows by which processes on one database agree with each other: who may do a thing alone, what was said to
// another process, how often something was tried.

/** What one process leaves for another. */
export type MailStore = {
  /** Keeps a message until it is taken or expires; a second one to the same address is dropped. */
  leave(
    message: { readonly address: string; readonly sealed: string; readonly expiresAt: number },
    now: number,
  ): Promise<void>;
  /** The messages to these addresses, which nobody else gets any more. */
  take(
    addresses: readonly string[],
    now: number,
  ): Promise<readonly { readonly address: string; readonly sealed: string }[]>;
  /** Those that nobody took in time. */
  deleteExpired(now: number): Promise<void>;
};

export type LeaseStore = {
  /** Takes the lease when it is free or lapsed; a holder may renew its own. */
  acquire(name: string, holder: string, now: number, lifetimeMs: number): Promise<boolean>;
  release(name: string, holder: string): Promise<void>;
  deleteExpired(now: number): Promise<number>;
};

export type AttemptStore = {
  /** Counts one more within the window of this key, which begins anew once it has ended; answers the count. */
  add(key: string, now: number, windowMs: number): Promise<{ readonly count: number; readonly endsAt: number }>;
  forget(key: string): Promise<void>;
  /** Codes and links that work once, too: they are in a table of better-auth's. Answers how many counts went. */
  deleteExpired(now: number): Promise<number>;
};
