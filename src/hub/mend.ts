// The one thing that a person can do about the state of a connector.

import type { ConnectorRecord } from '../store/records.ts';
import type { AgentConnectorState } from './agent-view.ts';

export const MENDS = ['connect', 'reconnect', 'add_scope', 'register_again', 'set_secret', 'sync'] as const;

export type Mend = (typeof MENDS)[number];

/** Codes by which an issuer says that it does not know us any more. */
const UNKNOWN_CLIENT = new Set(['client_rejected', 'registration_failed', 'client_issuer_mismatch']);

export function mendFor(connector: ConnectorRecord, state: AgentConnectorState): Mend | null {
  const oauth = connector.authType === 'oauth';
  const forgotten = UNKNOWN_CLIENT.has(connector.toolsError?.code ?? '') && connector.sealedClient === null;
  if (oauth && forgotten && state !== 'usable') return 'register_again';
  switch (state) {
    case 'connect_required':
      return 'connect';
    case 'secret_required':
      return 'set_secret';
    case 'reauthorization_required':
      return oauth ? 'reconnect' : 'set_secret';
    case 'needs_scope':
      return 'add_scope';
    case 'error':
      return 'sync';
    case 'usable':
      return connector.toolsError !== null || connector.toolsSyncedAt === null ? 'sync' : null;
  }
}
