// Brings every stored ciphertext under the current key, and checks that every one opens. Works in batches,
// each ciphertext on its own: it can be stopped anywhere and run again, beside a running hub.

import { isChatelaineError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { SealContext, Vault } from './seal.ts';

const BATCH_SIZE = 100;

/** One stored ciphertext with the context it was sealed for. */
export type StoredCell = SealContext & { readonly ciphertext: string };

/** What is needed of the store. */
export type CellSource<Cell extends StoredCell> = {
  /** Cells of one kind in id order, after `afterId`. */
  batch(kind: Cell['kind'], afterId: string | null, limit: number): Promise<readonly Cell[]>;
  /** Replaces the ciphertext while it is still the one that was read. */
  replace(cell: Cell, ciphertext: string): Promise<boolean>;
};

type Counts<Outcome extends string> = { readonly checked: number } & { readonly [name in Outcome]: number };

/** One entry for each kind, in the order of `kinds`. */
type Report<Numbers> = readonly ({ readonly kind: string } & Numbers)[];

/**
 * `reencrypted`: now under the current key. `unreadable`: left as it was. `overtaken`: rewritten or deleted by
 * someone else in the meantime, so that a second run must look again.
 */
export type RotationReport = Report<Counts<'reencrypted' | 'unreadable' | 'overtaken'>>;

/** `outdated`: readable, but only with a key that is no longer the current one, which must therefore stay. */
export type VerificationReport = Report<Counts<'unreadable' | 'outdated'>>;

export type SweepOptions<Cell extends StoredCell> = {
  readonly cells: CellSource<Cell>;
  readonly vault: Vault;
  readonly kinds: readonly Cell['kind'][];
  /** Called after each batch. */
  readonly onProgress?: (kind: Cell['kind'], checked: number) => void;
  readonly onUnreadable?: (cell: Cell) => void;
};

/** Re-encrypts what is not under the current key. Faults of the store come through and lose nothing. */
export async function rotateAll<Cell extends StoredCell>(options: SweepOptions<Cell>): Promise<RotationReport> {
  const { cells, vault } = options;
  return sweep(options, ['reencrypted', 'unreadable', 'overtaken'], async (cell) => {
    if (vault.isCurrent(cell.ciphertext)) return null;
    const secret = await openOrNull(vault, cell);
    if (secret === null) return 'unreadable';
    return (await cells.replace(cell, await vault.seal(secret, cell))) ? 'reencrypted' : 'overtaken';
  });
}

/** Opens every ciphertext and changes none. */
export async function verifyAll<Cell extends StoredCell>(options: SweepOptions<Cell>): Promise<VerificationReport> {
  const { vault } = options;
  return sweep(options, ['unreadable', 'outdated'], async (cell) => {
    if ((await openOrNull(vault, cell)) === null) return 'unreadable';
    return vault.isCurrent(cell.ciphertext) ? null : 'outdated';
  });
}

/** Walks through all cells and counts what `look` found; null is the outcome of which nothing need be said. */
async function sweep<Cell extends StoredCell, Outcome extends string>(
  { cells, kinds, onProgress, onUnreadable }: SweepOptions<Cell>,
  outcomes: readonly Outcome[],
  look: (cell: Cell) => Promise<Outcome | null>,
): Promise<Report<Counts<Outcome>>> {
  const report: ({ kind: string } & Counts<Outcome>)[] = [];
  for (const kind of kinds) {
    const counts = new Map(outcomes.map((outcome) => [outcome, 0]));
    let checked = 0;
    let batch: readonly Cell[] = [];
    do {
      batch = await cells.batch(kind, batch.at(-1)?.id ?? null, BATCH_SIZE);
      for (const cell of batch) {
        const outcome = await look(cell);
        if (outcome !== null) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
        if (outcome === 'unreadable') onUnreadable?.(cell);
      }
      checked += batch.length;
      onProgress?.(kind, checked);
    } while (batch.length === BATCH_SIZE);
    report.push({ kind, checked, ...(Object.fromEntries(counts) as { [name in Outcome]: number }) });
  }
  return report;
}

async function openOrNull(vault: Vault, cell: StoredCell): Promise<Secret | null> {
  try {
    return await vault.open(cell.ciphertext, cell);
  } catch (error) {
    if (isChatelaineError(error, 'secret_unreadable')) return null;
    throw error;
  }
}
