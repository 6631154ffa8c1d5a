// Who is signed in, the choice of light and dark, and the way out.

import { Menu } from '@base-ui/react/menu';
import { useQuery } from '@tanstack/react-query';
import { Check, ChevronsUpDown, LogOut, Monitor, Moon, Sun } from 'lucide-react';
import { sessionQuery, signOut } from '../api/session.ts';
import { applyTheme, type Theme, useTheme } from './theme.ts';

const THEMES: readonly { value: Theme; label: string; icon: typeof Sun }[] = [
  { value: 'system', label: 'As the system', icon: Monitor },
  { value: 'light', label: 'Light', icon: Sun },
  { value: 'dark', label: 'Dark', icon: Moon },
];

const ITEM =
  'flex h-8 cursor-default items-center gap-2.5 rounded-md px-2 text-sm outline-none select-none data-[highlighted]:bg-hover [&_svg]:size-4 [&_svg]:text-ink-3';

export function Person() {
  const session = useQuery(sessionQuery).data;
  const theme = useTheme();
  if (!session) return null;
  return (
    <Menu.Root>
      <Menu.Trigger className="flex w-full items-center gap-2.5 rounded-md p-1.5 text-left hover:bg-hover data-[popup-open]:bg-hover">
        <span
          aria-hidden="true"
          className="grid size-7 shrink-0 place-items-center rounded-full bg-accent-soft text-xs font-semibold text-accent-text"
        >
          {(session.name || session.email).charAt(0).toUpperCase()}
        </span>
        <span className="min-w-0 flex-1">
          <span className="block truncate text-sm font-medium">{session.name || session.email}</span>
          <span className="block truncate text-xs text-ink-3 first-letter:uppercase">{session.role}</span>
        </span>
        <ChevronsUpDown aria-hidden="true" className="size-3.5 text-ink-3" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="top" align="start" sideOffset={6} className="z-50 outline-none">
          <Menu.Popup className="w-56 animate-in rounded-lg bg-raised p-1 shadow-pop outline-none">
            <Menu.RadioGroup value={theme} onValueChange={(value: Theme) => applyTheme(value)}>
              <Menu.GroupLabel className="px-2 pt-1.5 pb-1 text-xs text-ink-3">Appearance</Menu.GroupLabel>
              {THEMES.map(({ value, label, icon: Icon }) => (
                <Menu.RadioItem key={value} value={value} closeOnClick className={ITEM}>
                  <Icon aria-hidden="true" />
                  <span className="flex-1">{label}</span>
                  <Menu.RadioItemIndicator>
                    <Check aria-hidden="true" />
                  </Menu.RadioItemIndicator>
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <Menu.Separator className="my-1 h-px bg-line" />
            <Menu.Item className={ITEM} onClick={() => void signOut()}>
              <LogOut aria-hidden="true" />
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
