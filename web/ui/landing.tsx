// How a sign-in at a provider ended, told on the page that it came back to.

import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { flowQuery } from '../api/queries.ts';
import { Note } from './parts.tsx';

/** What a person can do about it, where the hub's message alone does not say. */
const ADVICE: Record<string, string> = {
  authorization_denied: 'Nothing was stored. Connect again and choose Allow, or sign in with another account.',
  flow_expired: 'A connect link works for ten minutes. Start again with Connect.',
  flow_already_used: 'A connect link works once. Start again with Connect.',
  flow_other_browser: 'Open the link and finish the sign-in in one browser. Start again with Connect.',
  flow_not_found: 'Start again with Connect.',
  client_rejected: 'The provider has forgotten our client. Choose Register again.',
  client_id_required: 'Register a client at the provider and enter its client id under Settings.',
  registration_failed: 'Enter a client id by hand under Settings, or try again later.',
  token_request_failed: 'Try again. When it fails again, the transcript tells what the provider answered.',
  invalid_grant: 'Connect again and finish the sign-in without a pause.',
  sync_failed: 'The connection itself is made. Sync again to list the tools.',
  upstream_unreachable: 'The provider could not be reached. Try again in a moment.',
};

export type Outcome = { error?: string | undefined; flow?: string | undefined; connected?: string | undefined };

export function Landing({ outcome, action }: { outcome: Outcome; action?: ReactNode }) {
  const navigate = useNavigate();
  const { data } = useQuery({ ...flowQuery(outcome.flow ?? ''), enabled: outcome.flow !== undefined });
  if (outcome.error === undefined && outcome.connected === undefined) return null;
  const close = () =>
    void navigate({
      to: '.',
      search: (old: Record<string, unknown>) => ({ ...old, error: undefined, flow: undefined, connected: undefined }),
      replace: true,
    });
  const closing = (
    <button type="button" aria-label="Close message" className="btn btn-ghost btn-sm btn-icon" onClick={close}>
      <X />
    </button>
  );
  if (outcome.error === undefined) {
    return (
      <div className="mb-6">
        <Note kind="ok" live title="Connected" action={closing}>
          The sign-in went well. The credential is kept here, encrypted, and refreshed by itself.
        </Note>
      </div>
    );
  }
  const advice = ADVICE[outcome.error];
  return (
    <div className="mb-6">
      <Note
        kind={outcome.error === 'sync_failed' ? 'warn' : 'bad'}
        live
        title={data?.message ?? data?.title ?? 'The connection was not made.'}
        action={
          <span className="flex items-center gap-1.5">
            {action}
            {closing}
          </span>
        }
      >
        {advice && <p>{advice}</p>}
        {(data?.providerCode ?? data?.providerText) && (
          <p className="mt-1 text-xs">
            The provider said:{' '}
            <span className="font-mono">{[data?.providerCode, data?.providerText].filter(Boolean).join(': ')}</span>
          </p>
        )}
        {data === undefined && <p className="mt-1 font-mono text-xs">{outcome.error}</p>}
      </Note>
    </div>
  );
}
