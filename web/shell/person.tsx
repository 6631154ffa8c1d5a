// Who is signed in, the choice of light and dark, and the way out.

import { useQuery } from '@tanstack/react-query';
import { ChevronsUpDown, LogOut, Monitor, Moon, Sun } from 'lucide-react';
import { useId } from 'react';
import { sessionQuery, signOut } from '../api/session.ts';
import { applyTheme, type Theme, useTheme } from './theme.ts';

const THEMES: readonly { value: Theme; label: string; icon: typeof Sun }[] = [
  { value: 'system', label: 'As the system', icon: Monitor },
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
];

export function Person() {
  const session = useQuery(sessionQuery).data;
  const theme = useTheme();
  const id = useId();
  if (!session) return <div className="h-12" />;
  const name = session.name || session.email || 'Somebody';
  return (
    <>
      <button
        type="button"
        popoverTarget={id}
        className="flex w-full items-center gap-2.5 rounded-md p-1.5 text-left hover:bg-hover"
      >
        <span
          aria-hidden="true"
          className="grid size-7 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent-text"
        >
          {name.charAt(0).toUpperCase()}
        </span>
        <span className="min-w-0 flex-1">
          <span className="block truncate text-sm font-medium">{name}</span>
          <span className="block truncate text-xs text-ink-3 first-letter:uppercase">{session.role}</span>
        </span>
        <ChevronsUpDown aria-hidden="true" className="size-3.5 text-ink-3" />
        <span className="sr-only">Appearance and sign-out</span>
      </button>
      <div
        id={id}
        popover="auto"
        className="fixed inset-auto bottom-17 left-3 w-54 rounded-lg bg-raised p-1 text-ink shadow-pop"
      >
        <fieldset>
          <legend className="px-2 pt-1.5 pb-1 text-xs text-ink-3">Appearance</legend>
          {THEMES.map(({ value, label, icon: Icon }) => (
            <label
              key={value}
              className="flex h-8 items-center gap-2.5 rounded-md px-2 text-sm hover:bg-hover [&_svg]:size-4 [&_svg]:text-ink-3"
            >
              <Icon aria-hidden="true" />
              <span className="flex-1">{label}</span>
              <input
                type="radio"
                className="check"
                name={`${id}-theme`}
                checked={theme === value}
                onChange={() => applyTheme(value)}
              />
            </label>
          ))}
        </fieldset>
        <hr className="my-1" />
        <button
          type="button"
          onClick={() => void signOut()}
          className="flex h-8 w-full items-center gap-2.5 rounded-md px-2 text-sm hover:bg-hover [&_svg]:size-4 [&_svg]:text-ink-3"
        >
          <LogOut aria-hidden="true" />
          Sign out
        </button>
      </div>
    </>
  );
}
