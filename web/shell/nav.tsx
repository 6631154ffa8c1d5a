// The way around: the five places, the palette's door, and who is signed in.

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Activity, Bot, HeartPulse, Plug, Search, Settings } from 'lucide-react';
import type { ReactNode } from 'react';
import { healthQuery } from '../api/queries.ts';
import { Logo } from './logo.tsx';
import { Person } from './person.tsx';

const PLACES = [
  { to: '/connectors', label: 'Connectors', icon: <Plug /> },
  { to: '/agents', label: 'Agents', icon: <Bot /> },
  { to: '/activity', label: 'Activity', icon: <Activity /> },
  { to: '/health', label: 'Health', icon: <HeartPulse /> },
  { to: '/settings', label: 'Settings', icon: <Settings /> },
] as const;

export function Nav({ openPalette, onNavigate }: { openPalette: () => void; onNavigate?: () => void }) {
  return (
    <div className="flex h-full flex-col gap-4 p-3">
      <Link
        to="/connectors"
        className="flex h-9 items-center gap-2.5 rounded-md px-2 font-semibold tracking-tight"
        onClick={onNavigate}
      >
        <Logo />
        Chatelaine
      </Link>
      <button
        type="button"
        onClick={() => {
          onNavigate?.();
          openPalette();
        }}
        className="flex h-8 items-center gap-2 rounded-md border border-line bg-surface px-2.5 text-sm text-ink-3 shadow-card hover:border-line-strong hover:text-ink-2"
      >
        <Search aria-hidden="true" className="size-3.5" />
        <span className="flex-1 text-left">Search or jump to…</span>
        <kbd className="kbd font-sans">{SHORTCUT}</kbd>
      </button>
      <nav aria-label="Main" className="flex-1">
        <ul className="space-y-0.5">
          {PLACES.map(({ to, label, icon }) => (
            <li key={to}>
              <Link
                to={to}
                onClick={onNavigate}
                className="flex h-8 items-center gap-2.5 rounded-md px-2 text-sm font-medium text-ink-2 hover:bg-hover hover:text-ink aria-[current=page]:bg-selected aria-[current=page]:text-ink [&_svg]:size-4 [&_svg]:shrink-0"
              >
                <span aria-hidden="true" className="text-ink-3">
                  {icon}
                </span>
                {label}
                {to === '/health' && <Warnings />}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <Person />
    </div>
  );
}

const SHORTCUT = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘K' : 'Ctrl K';

function Warnings(): ReactNode {
  const count = useQuery(healthQuery).data?.items.length ?? 0;
  if (count === 0) return null;
  return (
    <span className="ml-auto rounded-full bg-warn-soft px-1.5 text-2xs leading-[1.125rem] font-semibold text-warn tabular-nums">
      {count}
      <span className="sr-only"> warnings</span>
    </span>
  );
}
