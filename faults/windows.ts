// When something was broken on purpose: what fails then, and until everything must be well again, is excused.

/** The product promises no more: ready again within this time of a fault's end. */
export const RECOVERY_MS = 10_000;

type Window = { readonly name: string; readonly from: number; to: number };

export type Windows = {
  open(name: string): void;
  close(): void;
  /** Whether anything between two moments may have met a fault. */
  excuses(from: number, to: number): boolean;
  /** The fault that lasts now, or lasted last. */
  readonly last: string;
};

export function createWindows(): Windows {
  const all: Window[] = [];
  return {
    open: (name) => void all.push({ name, from: Date.now(), to: Number.POSITIVE_INFINITY }),
    close() {
      const last = all.at(-1);
      if (last !== undefined) last.to = Date.now();
    },
    excuses: (from, to) => all.some((window) => window.from <= to && window.to + RECOVERY_MS >= from),
    get last() {
      return all.at(-1)?.name ?? 'nothing yet';
    },
  };
}
