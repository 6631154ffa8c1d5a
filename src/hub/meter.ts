// What the hub tells whoever counts for monitoring. Labels are few on purpose: connectors, never agents or tools.

import type { CallOutcome } from '../store/records.ts';

export type HubMeter = {
  /** @param upstreamMs null when no server was asked */
  call(connectorKey: string, outcome: CallOutcome, gatewayMs: number, upstreamMs: number | null): void;
  /** Calls that the log had no room for. */
  callsDropped(count: number): void;
  tokenRefresh(outcome: 'ok' | 'failed' | 'ended'): void;
  toolSync(outcome: 'ok' | 'failed' | 'waiting'): void;
};
