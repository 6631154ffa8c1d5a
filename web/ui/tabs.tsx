// The sections of a page, each with an address of its own.

import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

export type TabItem = {
  readonly value: string | undefined;
  readonly label: string;
  readonly count?: number | undefined;
  readonly alert?: boolean;
};

export function TabLinks({
  label,
  items,
  current,
}: {
  label: string;
  items: readonly TabItem[];
  current: string | undefined;
}) {
  return (
    <nav aria-label={label} className="-mx-4 mb-6 overflow-x-auto border-b border-line px-4 sm:mx-0 sm:px-0">
      <ul className="flex gap-5">
        {items.map(({ value, label: text, count, alert }) => (
          <li key={text}>
            <Link
              to="."
              search={(old: Record<string, unknown>) => ({ ...old, tab: value })}
              resetScroll={false}
              replace
              activeOptions={{ exact: true, includeSearch: true }}
              aria-current={value === current ? 'page' : undefined}
              className="flex h-10 items-center gap-1.5 border-b-2 border-transparent text-sm font-medium whitespace-nowrap text-ink-3 hover:text-ink aria-[current=page]:border-accent aria-[current=page]:text-ink"
            >
              {text}
              {count !== undefined && <Count alert={alert}>{count.toLocaleString('en')}</Count>}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Count({ children, alert = false }: { children: ReactNode; alert?: boolean | undefined }) {
  return (
    <span
      className={`rounded-full px-1.5 text-2xs leading-[1.125rem] font-medium tabular-nums ${alert ? 'bg-warn-soft text-warn' : 'bg-selected text-ink-2'}`}
    >
      {children}
    </span>
  );
}
