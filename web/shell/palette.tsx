// The command palette: pages, connectors, agents and actions by a few letters.

import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Activity, Bot, HeartPulse, Moon, Plug, Plus, Search, Settings, Sun } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useDeferredValue, useId, useMemo, useState } from 'react';
import { agentsQuery, connectorsQuery } from '../api/queries.ts';
import { useMay } from '../api/session.ts';
import { applyTheme } from './theme.ts';

type Command = { id: string; group: string; label: string; hint?: string; icon: ReactNode; run: () => void };

const SHOWN = 40;

/** Lower is better; null when the letters of `query` are not all there in this order. */
function score(text: string, query: string): number | null {
  const at = text.toLowerCase().indexOf(query);
  if (at >= 0) return at === 0 ? 0 : 1 + at / 100;
  let from = 0;
  for (const letter of query) {
    const next = text.toLowerCase().indexOf(letter, from);
    if (next < 0) return null;
    from = next + 1;
  }
  return 10 + from / 100;
}

function useCommands(): readonly Command[] {
  const navigate = useNavigate();
  const connectors = useQuery(connectorsQuery).data?.items;
  const agents = useQuery(agentsQuery).data;
  const mayChange = useMay('operator');
  return useMemo(() => {
    const pages: Command[] = [
      {
        id: 'connectors',
        group: 'Pages',
        label: 'Connectors',
        icon: <Plug />,
        run: () => void navigate({ to: '/connectors' }),
      },
      { id: 'agents', group: 'Pages', label: 'Agents', icon: <Bot />, run: () => void navigate({ to: '/agents' }) },
      {
        id: 'activity',
        group: 'Pages',
        label: 'Activity',
        icon: <Activity />,
        run: () => void navigate({ to: '/activity' }),
      },
      {
        id: 'health',
        group: 'Pages',
        label: 'Health',
        icon: <HeartPulse />,
        run: () => void navigate({ to: '/health' }),
      },
      {
        id: 'settings',
        group: 'Pages',
        label: 'Settings',
        icon: <Settings />,
        run: () => void navigate({ to: '/settings' }),
      },
    ];
    const actions: Command[] = [
      ...(mayChange
        ? [
            {
              id: 'add',
              group: 'Actions',
              label: 'Add connector',
              icon: <Plus />,
              run: () => void navigate({ to: '/connectors/new' }),
            },
            {
              id: 'new-agent',
              group: 'Actions',
              label: 'New agent',
              icon: <Plus />,
              run: () => void navigate({ to: '/agents', search: { create: true } }),
            },
          ]
        : []),
      { id: 'light', group: 'Actions', label: 'Light appearance', icon: <Sun />, run: () => applyTheme('light') },
      { id: 'dark', group: 'Actions', label: 'Dark appearance', icon: <Moon />, run: () => applyTheme('dark') },
    ];
    return [
      ...pages,
      ...actions,
      ...(connectors ?? []).map(({ id, name, url }) => ({
        id,
        group: 'Connectors',
        label: name,
        hint: new URL(url).host,
        icon: <Plug />,
        run: () => void navigate({ to: '/connectors/$id', params: { id } }),
      })),
      ...(agents ?? []).map(({ id, name }) => ({
        id,
        group: 'Agents',
        label: name,
        icon: <Bot />,
        run: () => void navigate({ to: '/agents/$id', params: { id } }),
      })),
    ];
  }, [navigate, connectors, agents, mayChange]);
}

export default function Palette({ close }: { close: () => void }) {
  const list = useId();
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const wanted = useDeferredValue(query.trim().toLowerCase());
  const commands = useCommands();
  const shown = useMemo(() => {
    if (wanted === '') return commands.slice(0, SHOWN);
    return commands
      .map((command) => ({ command, rank: score(`${command.label} ${command.hint ?? ''}`, wanted) }))
      .filter((one): one is { command: Command; rank: number } => one.rank !== null)
      .sort((a, b) => a.rank - b.rank)
      .slice(0, SHOWN)
      .map(({ command }) => command);
  }, [commands, wanted]);
  const at = Math.min(chosen, shown.length - 1);

  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    close();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      const next = (at + step + shown.length) % Math.max(shown.length, 1);
      setChosen(next);
      document.getElementById(`${list}-${next}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(shown[at]);
    }
  };

  return (
    <Dialog.Root open onOpenChange={(open) => !open && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-50 bg-scrim" />
        <Dialog.Popup className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-1.5rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl bg-raised shadow-pop outline-none">
          <Dialog.Title className="sr-only">Search or jump to</Dialog.Title>
          <div className="flex items-center gap-3 border-b border-line px-4">
            <Search aria-hidden="true" className="size-4 text-ink-3" />
            <input
              className="h-12 min-w-0 flex-1 bg-transparent text-base outline-none"
              placeholder="Connector, agent, page or action"
              role="combobox"
              aria-label="Search or jump to"
              aria-expanded="true"
              aria-controls={list}
              aria-activedescendant={shown.length > 0 ? `${list}-${at}` : undefined}
              value={query}
              onChange={(event) => {
                setQuery(event.target.value);
                setChosen(0);
              }}
              onKeyDown={onKeyDown}
            />
            <kbd className="kbd font-sans">Esc</kbd>
          </div>
          {shown.length === 0 ? (
            <p className="px-4 py-8 text-center text-sm text-ink-3">Nothing is called “{query}”.</p>
          ) : (
            <div id={list} role="listbox" aria-label="Results" className="max-h-[55vh] overflow-y-auto p-1.5">
              {shown.map((command, index) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the input above has the keyboard
                <div
                  key={command.id}
                  id={`${list}-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={index === at}
                  onPointerMove={() => setChosen(index)}
                  onClick={() => run(command)}
                  className="flex h-9 cursor-pointer items-center gap-3 rounded-md px-2.5 text-sm aria-selected:bg-selected [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-3"
                >
                  <span aria-hidden="true">{command.icon}</span>
                  <span className="truncate">{command.label}</span>
                  {command.hint && <span className="truncate text-xs text-ink-3">{command.hint}</span>}
                  <span className="ml-auto text-xs whitespace-nowrap text-ink-3">{command.group}</span>
                </div>
              ))}
            </div>
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
