// Lists the tools of every connector, and shows how far it has come.

import { useQuery } from '@tanstack/react-query';
import { RefreshCw } from 'lucide-react';
import { api, unwrap } from '../../api/client.ts';
import { syncQuery } from '../../api/queries.ts';
import { useChange } from '../../ui/actions.ts';
import { Button } from '../../ui/parts.tsx';

export function SyncAll() {
  const { data } = useQuery(syncQuery);
  const start = useChange(() => unwrap(api.POST('/api/sync')), { touches: ['sync', 'connectors'] });
  if (data?.running) {
    return (
      <div className="flex h-8 items-center gap-2.5 text-sm text-ink-2" role="status">
        <progress
          className="h-1.5 w-28 overflow-hidden rounded-full bg-selected [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-selected [&::-webkit-progress-value]:bg-accent"
          max={Math.max(data.total, 1)}
          value={data.done}
          aria-label="Syncing"
        />
        <span className="tabular-nums">
          Syncing {data.done} of {data.total}
        </span>
      </div>
    );
  }
  return (
    <Button onClick={() => start.mutate(undefined)} busy={start.isPending}>
      <RefreshCw aria-hidden="true" />
      Sync all
    </Button>
  );
}
