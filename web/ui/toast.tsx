// Short messages at the lower edge, with an undo where that is cheap.

import { CheckCircle2, X, XCircle } from 'lucide-react';
import { useSyncExternalStore } from 'react';

type Toast = {
  readonly id: number;
  readonly text: string;
  readonly kind: 'ok' | 'bad';
  readonly undo?: (() => void) | undefined;
};

const SHOWN_MS = 6000;
let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

const close = (id: number) => change(toasts.filter((toast) => toast.id !== id));

export function toast(text: string, options: { kind?: Toast['kind']; undo?: () => void } = {}): void {
  last += 1;
  const id = last;
  change([...toasts.slice(-2), { id, text, kind: options.kind ?? 'ok', undo: options.undo }]);
  // An error stays until it was read.
  if (options.kind !== 'bad') setTimeout(close, SHOWN_MS, id);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-3 bottom-3 z-50 flex flex-col items-center gap-2 sm:inset-x-auto sm:right-5 sm:bottom-5 sm:items-end"
    >
      {shown.map(({ id, text, kind, undo }) => (
        <div
          key={id}
          className="pointer-events-auto flex max-w-md animate-in items-center gap-3 rounded-lg bg-raised py-2 pr-2 pl-3.5 text-sm shadow-pop"
        >
          {kind === 'ok' ? (
            <CheckCircle2 aria-hidden="true" className="size-4 shrink-0 text-ok" />
          ) : (
            <XCircle aria-hidden="true" className="size-4 shrink-0 text-bad" />
          )}
          <span className="min-w-0 [overflow-wrap:anywhere]">{text}</span>
          {undo && (
            <button
              type="button"
              className="btn btn-default btn-sm"
              onClick={() => {
                undo();
                close(id);
              }}
            >
              Undo
            </button>
          )}
          <button
            type="button"
            aria-label="Close message"
            className="btn btn-ghost btn-sm btn-icon"
            onClick={() => close(id)}
          >
            <X />
          </button>
        </div>
      ))}
    </div>
  );
}
