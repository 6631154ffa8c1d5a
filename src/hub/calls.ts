// Reads the call log and its statistics. Statistics are of whole hours (UTC); percentiles come from the
// histogram of `call-histogram.ts`, so they are within 4.5 % of the exact ones, and counts are exact.

import { ChatelaineError } from '../errors.ts';
import { CALL_STATS_GROUPS_DEFAULT } from '../limits.ts';
import type { CallOutcome, CallRecord, Page, PageRequest } from '../store/records.ts';
import type { CallBucket, CallStatsQuery } from '../store/store.ts';
import { percentileOf } from './call-histogram.ts';
import { HOUR_MS, hourOf } from './call-hours.ts';
import type { HubContext } from './context.ts';
import { firstIdAt } from './ids.ts';
import { type CapturedCall, openCapture } from './sealed-values.ts';

const DAY_MS = 24 * HOUR_MS;

type CallRange = {
  readonly agentId?: string | undefined;
  readonly connectorId?: string | undefined;
  readonly toolName?: string | undefined;
  /** From this moment on; of statistics, from its hour on. */
  readonly since?: number | undefined;
  /** Before this moment; of statistics, with the hour it lies in. */
  readonly until?: number | undefined;
};

export type CallQuery = CallRange & { readonly outcome?: CallOutcome | undefined };
export type CallStatsRequest = CallRange & {
  readonly groupBy?: CallStatsQuery['groupBy'] | undefined;
  readonly limit?: number | undefined;
};

type Percentiles = { readonly p50: number; readonly p95: number };
export type CallGroup = {
  readonly agentId: string | null;
  readonly connectorId: string | null;
  /** '' for calls that are not of a tool. */
  readonly toolName: string | null;
  readonly hour: number | null;
  readonly calls: number;
  /** Outcomes other than `ok` and `cancelled`. */
  readonly errors: number;
  readonly gatewayMs: Percentiles | null;
  /** Of the calls that reached a server; null when none did. */
  readonly upstreamMs: Percentiles | null;
};
export type CallStats = {
  readonly since: number;
  readonly until: number;
  /** Hours from the oldest; anything else by calls, most first. */
  readonly groups: readonly CallGroup[];
  /** Whether there were more groups than `limit`. */
  readonly truncated: boolean;
};

/** Calls, newest first. @throws store_unavailable */
export function listCalls(context: HubContext, query: CallQuery, page: PageRequest): Promise<Page<CallRecord>> {
  const { since, until, ...filter } = query;
  return context.store.calls.list(
    {
      ...filter,
      fromId: since === undefined ? undefined : firstIdAt('cal', since),
      beforeId: until === undefined ? undefined : firstIdAt('cal', until),
    },
    page,
  );
}

/** One call, with what was captured of it; null when nothing was. @throws not_found, secret_unreadable */
export async function getCall(
  { store, vault }: HubContext,
  id: string,
): Promise<CallRecord & { readonly capture: CapturedCall | null }> {
  const call = await store.calls.get(id);
  if (call === null) throw new ChatelaineError('not_found', 'There is no such call; old ones are deleted.');
  const kept = await store.calls.getCapture(id);
  return { ...call, capture: kept === null ? null : await openCapture(vault, kept) };
}

/** The last day unless said otherwise. @throws store_unavailable */
export async function callStats(context: HubContext, request: CallStatsRequest): Promise<CallStats> {
  const { since, until = context.now(), groupBy = 'all', limit = CALL_STATS_GROUPS_DEFAULT, ...filter } = request;
  const fromHour = hourOf(since ?? until - DAY_MS);
  const beforeHour = hourOf(until - 1) + HOUR_MS;
  const buckets = await context.store.calls.stats({ ...filter, groupBy, fromHour, beforeHour, limit: limit + 1 });
  const groups = groupsOf(buckets).sort((a, b) =>
    groupBy === 'hour' ? (b.hour ?? 0) - (a.hour ?? 0) : b.calls - a.calls || (nameOf(a) < nameOf(b) ? -1 : 1),
  );
  const kept = groups.slice(0, limit);
  return {
    since: fromHour,
    until: beforeHour,
    groups: groupBy === 'hour' ? kept.reverse() : kept,
    truncated: groups.length > limit,
  };
}

/** Deletes calls and hours that are older than the setting keeps them. */
export function deleteOldCalls(context: HubContext): Promise<number> {
  const at = Math.max(0, context.now() - context.callLogDays * DAY_MS);
  return context.store.calls.deleteBefore(firstIdAt('cal', at), hourOf(at));
}

function groupsOf(buckets: readonly CallBucket[]): CallGroup[] {
  const rows = Map.groupBy(buckets, nameOf);
  return [...rows.values()].map((group) => {
    const gateway = group.filter((row) => row.measure === 'gateway');
    const upstream = group.filter((row) => row.measure === 'upstream');
    return {
      agentId: group[0]?.agentId ?? null,
      connectorId: group[0]?.connectorId ?? null,
      toolName: group[0]?.toolName ?? null,
      hour: group[0]?.hour ?? null,
      calls: gateway.reduce((sum, row) => sum + row.calls, 0),
      errors: gateway.reduce((sum, row) => sum + row.errors, 0),
      gatewayMs: percentilesOf(gateway),
      upstreamMs: percentilesOf(upstream),
    };
  });
}

function percentilesOf(rows: readonly CallBucket[]): Percentiles | null {
  const counts = new Map(rows.map((row) => [row.bucket, row.calls]));
  const [p50, p95] = [percentileOf(counts, 0.5), percentileOf(counts, 0.95)];
  return p50 === null || p95 === null ? null : { p50, p95 };
}

const nameOf = (row: Partial<Pick<CallGroup, 'hour' | 'agentId' | 'connectorId' | 'toolName'>>): string =>
  JSON.stringify([row.hour ?? null, row.agentId ?? null, row.connectorId ?? null, row.toolName ?? null]);
