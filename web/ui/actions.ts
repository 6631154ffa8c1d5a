// Changes through the API: each tells what happened, refreshes what it touched, and says why it failed.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, problemOf, unwrap } from '../api/client.ts';
import { MOUNT } from '../api/mount.ts';
import type { Mend } from '../model/connector-state.ts';
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

/** `returnTo` is an address of this page. */
type Target = { connectorId: string; agentId?: string; returnTo?: string };

const LEAVING_MS = 5000;

/** Consent happens at the provider, so this leaves the page. */
async function connect({ connectorId, agentId, returnTo }: Target): Promise<void> {
  const { connectUrl } = await unwrap(
    api.POST('/api/connectors/{id}/connect', {
      params: { path: { id: connectorId } },
      body: { agentId: agentId ?? null, returnTo: returnTo === undefined ? null : `${MOUNT}${returnTo}` },
    }),
  );
  window.location.assign(connectUrl);
  // The page is about to go: the button stays busy until then.
  await new Promise((resolve) => setTimeout(resolve, LEAVING_MS));
}

/** Registers anew with the issuer, then goes on to consent. */
async function registerAgain(target: Target): Promise<void> {
  await unwrap(api.POST('/api/connectors/{id}/registration', { params: { path: { id: target.connectorId } } }));
  await connect(target);
}

/** @returns what changed, in words */
async function sync({ connectorId, agentId }: Target): Promise<string> {
  const { count, added, removed, changed } = await unwrap(
    api.POST('/api/connectors/{id}/sync', {
      params: { path: { id: connectorId } },
      body: { agentId: agentId ?? null },
    }),
  );
  const parts = [
    added.length > 0 && `${added.length} added`,
    changed.length > 0 && `${changed.length} changed`,
    removed.length > 0 && `${removed.length} removed`,
  ].filter(Boolean);
  return `${plural(count, 'tool')}${parts.length > 0 ? `: ${parts.join(', ')}` : ', nothing changed'}`;
}

const AT_PROVIDER = { touches: ['connectors', 'agents', 'health'] };

export const useConnect = () => useChange(connect, AT_PROVIDER);
export const useRegisterAgain = () => useChange(registerAgain, AT_PROVIDER);
export const useSync = () => useChange(sync, { ...AT_PROVIDER, done: (words) => words });

/** Whatever mends a connector, as one change: a list has many buttons of it. */
export const useMend = () =>
  useChange(
    async ({ mend, ...target }: Target & { mend: Exclude<Mend, 'set_secret'> }): Promise<string | null> => {
      if (mend === 'sync') return sync(target);
      await (mend === 'register_again' ? registerAgain(target) : connect(target));
      return null;
    },
    { ...AT_PROVIDER, done: (words) => words },
  );

export const plural = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
