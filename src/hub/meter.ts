// What the hub tells whoever counts for monitoring. Labels are few on purpose: connectors, never agents or tools.

import type { CallOutcome } from '../store/records.ts';

export type MeteredCall = {
  readonly connectorKey: string;
  readonly outcome: CallOutcome;
  readonly gatewayMs: number;
  /** 0 when no server was asked. */
  readonly upstreamMs: number;
};

export type HubMeter = {
  calls(batch: readonly MeteredCall[]): void;
  /** Calls that the log had no room for. */
  callsDropped(count: number): void;
  /** With what kept a refresh from bringing a token. */
  tokenRefresh(
    outcome: 'ok' | 'failed' | 'ended',
    fault?: { readonly connectorKey: string; readonly code: string },
  ): void;
  toolSync(outcome: 'ok' | 'failed' | 'waiting'): void;
};
