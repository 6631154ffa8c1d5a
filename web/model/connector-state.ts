// What a connector's records mean for a person: a badge, the reason when something is wrong, and the one
// step that mends it.

import type { AgentConnector, Connector, ConnectorSummary } from '../api/queries.ts';

export type Tone = 'ok' | 'warn' | 'bad' | 'idle' | 'accent';
export type Mend = NonNullable<ConnectorSummary['action']>;

export type ConnectorState = {
  readonly tone: Tone;
  readonly label: string;
  readonly reason: string | null;
  readonly mend: Mend | null;
};

export const MEND_LABEL: Record<Mend, string> = {
  connect: 'Connect',
  reconnect: 'Reconnect',
  register_again: 'Register again',
  add_scope: 'Add scope',
  set_secret: 'Enter secret',
  sync: 'Sync',
};

export const AUTH_LABEL: Record<Connector['authType'], string> = {
  none: 'No credential',
  bearer: 'Bearer token',
  api_key_header: 'API key header',
  oauth: 'OAuth',
};

export const MODE_LABEL = { shared: 'Shared', per_agent: 'Per agent' } as const;

/** The badge of the list: S20's four when all is well, else what is wrong. */
export function connectorState(connector: ConnectorSummary): ConnectorState {
  const { authType, credentialMode, state, tools } = connector;
  const reason = sentence(connector.reason);
  const mend = connector.action;
  if (connector.reachable === false)
    return { tone: 'bad', label: 'Unreachable', reason: unreachableReason(connector), mend };
  if (state === 'needs_scope') return { tone: 'warn', label: 'Needs more scope', reason, mend };
  if (state === 'reauthorization_required') return { tone: 'bad', label: 'Reconnect needed', reason, mend };
  if (state === 'error') return { tone: 'bad', label: 'Error', reason, mend };
  if (tools.lastError !== null && state === 'usable')
    return { tone: 'warn', label: 'Sync failed', reason: sentence(tools.lastError.message), mend };
  if (authType === 'none') return { tone: 'ok', label: 'No credential needed', reason: null, mend };
  if (credentialMode === 'per_agent') {
    const count = connector.agents.connected ?? 0;
    return { tone: count > 0 ? 'ok' : 'idle', label: `Per agent · ${count} connected`, reason: null, mend };
  }
  if (state === 'connect_required') return { tone: 'idle', label: 'Not connected', reason: null, mend };
  if (state === 'secret_required') return { tone: 'idle', label: 'No secret yet', reason: null, mend };
  return { tone: 'ok', label: authType === 'oauth' ? 'Connected' : 'Configured', reason: null, mend };
}

function unreachableReason({ state, reason, tools }: ConnectorSummary): string | null {
  const told = state === 'usable' || state === 'error' ? reason : null;
  return sentence(told ?? tools.lastError?.message ?? 'The server does not answer');
}

/** True when a person has to do something before this connector works again. */
export const isBroken = (connector: ConnectorSummary): boolean => {
  const { tone } = connectorState(connector);
  return tone === 'bad' || tone === 'warn';
};

export type AgentCardState = 'usable' | 'connect' | 'secret' | 'broken';

/** The state of one agent's card, whoever holds the credential. */
export function agentCardState({ state }: Pick<AgentConnector, 'state'>): AgentCardState {
  if (state === 'connect_required') return 'connect';
  if (state === 'secret_required') return 'secret';
  return state === 'usable' ? 'usable' : 'broken';
}

/** The hub's reasons begin small, to stand inside its own sentences. */
export function sentence(text: string | null): string | null {
  if (text === null || text === '') return null;
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}
