// Ticking tools: shown at once, sent a moment later as the whole set, read again afterwards.

import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, problemOf, unwrap } from '../../api/client.ts';
import { type AgentConnector, agentConnectorsQuery } from '../../api/queries.ts';
import { toast } from '../../ui/toast.tsx';

const GATHER_MS = 350;

export type SaveState = 'saved' | 'saving' | 'idle';

export function useGrants(agentId: string) {
  const queries = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const [state, setState] = useState<SaveState>('idle');
  const { queryKey } = agentConnectorsQuery(agentId);

  const send = useCallback(async () => {
    timer.current = undefined;
    const rows = queries.getQueryData(queryKey) ?? [];
    const tools = rows.flatMap((row) =>
      row.tools.filter(({ granted }) => granted).map(({ offeredName }) => offeredName),
    );
    try {
      await unwrap(api.PUT('/api/agents/{id}/tools', { params: { path: { id: agentId } }, body: { tools } }));
      setState('saved');
    } catch (error) {
      setState('idle');
      toast(problemOf(error).message, { kind: 'bad' });
    }
    if (timer.current === undefined) {
      await Promise.all([
        queries.invalidateQueries({ queryKey: ['agents'] }),
        queries.invalidateQueries({ queryKey: ['connectors', 'summary'] }),
      ]);
    }
  }, [agentId, queries, queryKey]);

  // Leaving the page must not lose the last tick.
  useEffect(
    () => () => {
      if (timer.current === undefined) return;
      clearTimeout(timer.current);
      void send();
    },
    [send],
  );

  const grant = useCallback(
    (connectorId: string, wanted: (toolName: string, granted: boolean) => boolean) => {
      void queries.cancelQueries({ queryKey });
      queries.setQueryData(queryKey, (rows) =>
        rows?.map((row) => (row.connectorId === connectorId ? ticked(row, wanted) : row)),
      );
      setState('saving');
      clearTimeout(timer.current);
      timer.current = setTimeout(send, GATHER_MS);
    },
    [queries, queryKey, send],
  );

  const grantAll = useCallback(
    async (connectorId: string, allTools: boolean) => {
      setState('saving');
      try {
        // Taking "all" back leaves the present tools ticked, one by one.
        if (!allTools) await send();
        await unwrap(
          api.PUT('/api/agents/{id}/connectors/{connectorId}', {
            params: { path: { id: agentId, connectorId } },
            body: { allTools },
          }),
        );
        setState('saved');
      } catch (error) {
        setState('idle');
        toast(problemOf(error).message, { kind: 'bad' });
      }
      await queries.invalidateQueries({ queryKey: ['agents'] });
    },
    [agentId, queries, send],
  );

  return { grant, grantAll, state };
}

function ticked(row: AgentConnector, wanted: (toolName: string, granted: boolean) => boolean): AgentConnector {
  return {
    ...row,
    tools: row.tools.map((tool) => {
      const granted = wanted(tool.name, tool.granted);
      return granted === tool.granted ? tool : { ...tool, granted };
    }),
  };
}
