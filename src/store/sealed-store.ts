// Every secret column there is, as rotation and verification walk through them. Ciphertext only.

/** One ciphertext of the database with what its associated data is made of. */
export type SealedCell = {
  readonly kind: SealedKind;
  readonly id: string;
  readonly ciphertext: string;
  readonly issuer: string | null;
  readonly resource: string | null;
};

/** Every secret column there is: `record.field`. */
export type SealedKind =
  | 'connector.headers'
  | 'connector.client'
  | 'registration.client'
  | 'flow.secrets'
  | 'credential.secret'
  | 'call.capture'
  | 'meta.canary'
  | 'meta.sign_in';

export type SealedStore = {
  /** Cells of one kind in id order, after `afterId`. */
  batch(kind: SealedKind, afterId: string | null, limit: number): Promise<readonly SealedCell[]>;
  /** Replaces the ciphertext while it is still the one that was read. */
  replace(cell: SealedCell, ciphertext: string): Promise<boolean>;
  /** Whether any secret is stored at all. */
  isEmpty(): Promise<boolean>;
};
