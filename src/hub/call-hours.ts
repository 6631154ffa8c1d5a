// What a batch of calls adds to the sums of their hours. The upstream time counts only the calls that
// reached a server, or refusals would make every server look fast.

import type { CallHourRecord, CallRecord } from '../store/records.ts';
import { bucketOf } from './call-histogram.ts';

export const HOUR_MS = 60 * 60_000;

export const hourOf = (at: number): number => Math.floor(at / HOUR_MS) * HOUR_MS;

/** One row for each hour, agent, connector, tool, measure and bucket. */
export function hoursOf(calls: readonly CallRecord[]): readonly CallHourRecord[] {
  const rows = new Map<string, { -readonly [field in keyof CallHourRecord]: CallHourRecord[field] }>();
  const add = (call: CallRecord, measure: CallHourRecord['measure'], micros: number): void => {
    const { agentId, connectorId } = call;
    const hour = hourOf(call.at);
    const toolName = call.toolName ?? '';
    const bucket = bucketOf(micros / 1000);
    // The name comes last: it alone is a stranger's word and may hold anything.
    const key = `${hour} ${agentId} ${connectorId} ${measure} ${bucket} ${toolName}`;
    let row = rows.get(key);
    if (row === undefined) {
      row = { hour, agentId, connectorId, toolName, measure, bucket, calls: 0, errors: 0 };
      rows.set(key, row);
    }
    row.calls += 1;
    if (call.outcome !== 'ok' && call.outcome !== 'cancelled') row.errors += 1;
  };
  for (const call of calls) {
    add(call, 'gateway', call.gatewayMicros);
    if (call.upstreamMicros > 0) add(call, 'upstream', call.upstreamMicros);
  }
  return [...rows.values()];
}
