// Limits on calls as an operator sets them: whole numbers within reason, null for none; and whether a server
// that fails is left alone for a while. Keeping to them is the gateway's.

import type { AgentLimits, ConnectorLimits } from '../store/records.ts';
import { invalid } from './connector-input.ts';

/** A field left out stays as it is, null removes the limit. */
export type LimitsChange<L> = { readonly [K in keyof L]?: L[K] | undefined };

export const NO_AGENT_LIMITS: AgentLimits = { callsPerMinute: null, callsInFlight: null };
export const NO_CONNECTOR_LIMITS: ConnectorLimits = { callsInFlight: null, timeoutSeconds: null, breaker: true };

/** The most that each limit may say; more is no limit, or no time anybody waits. */
export const CALL_LIMITS_MAX = { callsPerMinute: 1_000_000, callsInFlight: 10_000, timeoutSeconds: 3_600 } as const;

/** The limits after a change. @throws invalid_request naming the field */
export function mergeLimits<L extends AgentLimits | ConnectorLimits>(
  present: L,
  change: LimitsChange<L> | undefined,
): L {
  const { breaker, ...numbers } = (change ?? {}) as LimitsChange<ConnectorLimits>;
  const merged: Record<string, number | boolean | null> = { ...present };
  if (breaker !== undefined) {
    if (!('timeoutSeconds' in present)) throw invalid('limits.breaker', 'is not a limit here.');
    merged.breaker = breaker;
  }
  for (const [name, value] of Object.entries(numbers) as [keyof typeof CALL_LIMITS_MAX, number | null | undefined][]) {
    if (value === undefined) continue;
    if (!(name in present)) throw invalid(`limits.${name}`, 'is not a limit here.');
    if (value !== null && !(Number.isInteger(value) && value >= 1 && value <= CALL_LIMITS_MAX[name]))
      throw invalid(`limits.${name}`, `is a whole number from 1 to ${CALL_LIMITS_MAX[name]}, or null for no limit.`);
    merged[name] = value;
  }
  return merged as L;
}
