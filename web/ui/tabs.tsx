// The sections of a page, each with an address of its own.

import { Link } from '@tanstack/react-router';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';

export type TabItem = {
  readonly value: string | undefined;
  readonly label: string;
  readonly count?: number | undefined;
  readonly alert?: boolean;
};

/** Rounding leaves this much over. */
const NEARLY_PX = 2;

export function TabLinks({
  label,
  items,
  current,
}: {
  label: string;
  items: readonly TabItem[];
  current: string | undefined;
}) {
  const strip = useRef<HTMLElement>(null);
  const [hidden, setHidden] = useState({ before: false, after: false });
  const look = useCallback(() => {
    const { current: box } = strip;
    if (box === null) return;
    const left = box.scrollWidth - box.clientWidth - box.scrollLeft;
    setHidden({ before: box.scrollLeft > NEARLY_PX, after: left > NEARLY_PX });
  }, []);
  // Where the strip is wider than the screen, the section that one is in stays in view.
  useEffect(() => {
    const link = strip.current?.querySelectorAll('a')[items.findIndex(({ value }) => value === current)];
    const { current: box } = strip;
    if (box && link) box.scrollLeft = link.offsetLeft - (box.clientWidth - link.offsetWidth) / 2;
    look();
    window.addEventListener('resize', look);
    return () => window.removeEventListener('resize', look);
  }, [current, items, look]);
  return (
    <div className="-mx-4 mb-6 border-b border-line sm:mx-0">
      <nav
        ref={strip}
        aria-label={label}
        className="strip relative px-4 sm:px-0"
        data-before={hidden.before || undefined}
        data-after={hidden.after || undefined}
        onScroll={look}
      >
        <ul className="flex w-max gap-5">
          {items.map(({ value, label: text, count, alert }) => (
            <li key={text}>
              <Link
                to="."
                search={(old: Record<string, unknown>) => ({ ...old, tab: value })}
                resetScroll={false}
                replace
                activeOptions={{ exact: true, includeSearch: true }}
                aria-current={value === current ? 'page' : undefined}
                className="flex h-10 items-center gap-1.5 border-b-2 border-transparent text-sm font-medium whitespace-nowrap text-ink-3 hover:text-ink focus-visible:-outline-offset-2 aria-[current=page]:border-accent aria-[current=page]:text-ink"
              >
                {text}
                {count !== undefined && <Count alert={alert}>{count.toLocaleString('en')}</Count>}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
    </div>
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
