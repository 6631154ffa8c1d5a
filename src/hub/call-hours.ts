// What a batch of calls adds to the sums of their hours. The upstream time counts only the calls that
// reached a server, or refusals would make every server look fast.

import type { CallHourRecord, CallRecord } from '../store/records.ts';
import { bucketOf } from './call-histogram.ts';

export const HOUR_MS = 60 * 60_000;

export const hourOf = (at: number): number => Math.floor(at / HOUR_MS) * HOUR_MS;

/** One row for each hour, agent, connector, tool, measure and bucket. */
export function hoursOf(calls: readonly CallRecord[]): readonly CallHourRecord[] {
  const rows = new Map<string, CallHourRecord>();
  const add = (call: CallRecord, measure: CallHourRecord['measure'], micros: number): void => {
    const { agentId, connectorId } = call;
    const toolName = call.toolName ?? '';
    const row = { hour: hourOf(call.at), agentId, connectorId, toolName, measure, bucket: bucketOf(micros / 1000) };
    const key = JSON.stringify(Object.values(row));
    const present = rows.get(key);
    const isError = call.outcome !== 'ok' && call.outcome !== 'cancelled';
    rows.set(key, { ...row, calls: (present?.calls ?? 0) + 1, errors: (present?.errors ?? 0) + (isError ? 1 : 0) });
  };
  for (const call of calls) {
    add(call, 'gateway', call.gatewayMicros);
    if (call.upstreamMicros > 0) add(call, 'upstream', call.upstreamMicros);
  }
  return [...rows.values()];
}
