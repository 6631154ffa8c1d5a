// Changes through the API: each tells what happened, refreshes what it touched, and says why it failed.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, problemOf, unwrap } from '../api/client.ts';
import { toast } from './toast.tsx';

/** Runs `work`, then reads again what stands under `touches`. */
export function useChange<Input, Output>(
  work: (input: Input) => Promise<Output>,
  { touches, done }: { touches: readonly string[]; done?: (output: Output, input: Input) => string | null },
) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: work,
    onSuccess: (output, input) => {
      const text = done?.(output, input) ?? null;
      if (text !== null) toast(text);
    },
    onError: (error) => toast(problemOf(error).message, { kind: 'bad' }),
    onSettled: () => Promise.all(touches.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}

/** Consent happens at the provider, so this leaves the page. */
export function useConnect() {
  return useChange(
    async ({ connectorId, agentId, returnTo }: { connectorId: string; agentId?: string; returnTo?: string }) => {
      const { connectUrl } = await unwrap(
        api.POST('/api/connectors/{id}/connect', {
          params: { path: { id: connectorId } },
          body: { agentId: agentId ?? null, returnTo: returnTo ?? null },
        }),
      );
      window.location.assign(connectUrl);
      // The page is about to go: the button stays busy until then.
      await new Promise((resolve) => setTimeout(resolve, LEAVING_MS));
    },
    { touches: [] },
  );
}

const LEAVING_MS = 5000;

export function useSync() {
  return useChange(
    ({ connectorId, agentId }: { connectorId: string; agentId?: string }) =>
      unwrap(
        api.POST('/api/connectors/{id}/sync', {
          params: { path: { id: connectorId } },
          body: { agentId: agentId ?? null },
        }),
      ),
    {
      touches: ['connectors', 'agents'],
      done: ({ count, added, removed, changed }) => {
        const parts = [
          added.length > 0 && `${added.length} added`,
          changed.length > 0 && `${changed.length} changed`,
          removed.length > 0 && `${removed.length} removed`,
        ].filter(Boolean);
        return `${plural(count, 'tool')}${parts.length > 0 ? `: ${parts.join(', ')}` : ', nothing changed'}`;
      },
    },
  );
}

/** Registers anew with the issuer, then goes on to consent. */
export function useRegisterAgain() {
  const connect = useConnect();
  return useChange(
    async ({ connectorId, agentId }: { connectorId: string; agentId?: string }) => {
      await unwrap(api.POST('/api/connectors/{id}/registration', { params: { path: { id: connectorId } } }));
      await connect.mutateAsync({ connectorId, ...(agentId ? { agentId } : {}) });
    },
    { touches: ['connectors'] },
  );
}

export const plural = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
