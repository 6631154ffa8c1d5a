// The rows of the lists of connectors and of agents: state, use and calls of the last day, computed for all of
// them at once.

import type { ConnectorRecord, FaultRecord } from '../store/records.ts';
import type { CallsOfHour } from '../store/store.ts';
import { type AgentConnectorState, stateFor } from './agent-view.ts';
import { HOUR_MS, hourOf } from './call-hours.ts';
import type { HubContext } from './context.ts';
import { credentialOf, overallState, readEverything } from './everything.ts';
import { type Mend, mendFor } from './mend.ts';

const HOURS = 24;

export type CallsOfDay = {
  readonly total: number;
  readonly errors: number;
  /** One figure an hour, the oldest first. */
  readonly series: { readonly calls: readonly number[]; readonly errors: readonly number[] };
};

export type ConnectorSummary = Pick<
  ConnectorRecord,
  'id' | 'key' | 'name' | 'url' | 'authType' | 'credentialMode' | 'createdAt'
> & {
  readonly state: AgentConnectorState;
  readonly reason: string | null;
  readonly action: Mend | null;
  readonly reachable: boolean | null;
  readonly tools: {
    readonly count: number;
    readonly syncedAt: number | null;
    readonly nextSyncAt: number | null;
    readonly lastError: FaultRecord | null;
    readonly changesWaiting: number;
  };
  /** `connected`: with a credential of their own; null where all share one. */
  readonly agents: { readonly granted: number; readonly connected: number | null };
  readonly calls: CallsOfDay;
  readonly expiresAt: number | null;
};

export type AgentSummary = {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly createdAt: number;
  readonly connectors: { readonly granted: number; readonly usable: number; readonly needing: number };
  readonly tools: number;
  readonly keys: number;
  readonly lastUsedAt: number | null;
  readonly lastCallAt: number | null;
  readonly calls: { readonly total: number; readonly errors: number };
};

/** Every connector with its day; `hours` are the starts of the hours of the series. */
export async function connectorSummaries(
  context: HubContext,
): Promise<{ readonly items: readonly ConnectorSummary[]; readonly hours: readonly number[] }> {
  const now = context.now();
  const hours = hoursOfDay(now);
  const [{ connectors }, calls] = await Promise.all([
    readEverything(context),
    context.store.overview.callsByHour('connectorId', hours[0] ?? 0),
  ]);
  const callsOf = Map.groupBy(calls, ({ id }) => id);
  const items = connectors.map((facts): ConnectorSummary => {
    const { connector, own, shared } = facts;
    const { state, reason } = overallState(facts, now);
    const { id, key, name, url, authType, credentialMode, createdAt } = connector;
    return {
      ...{ id, key, name, url: context.redactUrl(url), authType, credentialMode, createdAt },
      state,
      reason,
      action: mendFor(connector, state),
      reachable: connector.reachability?.reachable ?? null,
      tools: {
        count: facts.tools,
        syncedAt: connector.toolsSyncedAt,
        nextSyncAt: connector.syncDueAt,
        lastError: connector.toolsError,
        changesWaiting: facts.changedTools,
      },
      agents: { granted: facts.granted.length, connected: credentialMode === 'per_agent' ? own.size : null },
      calls: dayOf(callsOf.get(id) ?? [], hours),
      expiresAt: shared?.expiresAt ?? null,
    };
  });
  return { items, hours };
}

/** Every agent with its day. */
export async function agentSummaries(context: HubContext): Promise<readonly AgentSummary[]> {
  const now = context.now();
  const hours = hoursOfDay(now);
  const { overview } = context.store;
  const [{ connectors, agents }, calls, lastCalls, keys] = await Promise.all([
    readEverything(context),
    overview.callsByHour('agentId', hours[0] ?? 0),
    overview.lastCalls(),
    overview.agentKeys(),
  ]);
  const callsOf = Map.groupBy(calls, ({ id }) => id);
  const lastCallOf = new Map(lastCalls.map(({ agentId, at }) => [agentId, at]));
  const keysOf = new Map(keys.map((each) => [each.agentId, each]));
  const uses = Map.groupBy(
    connectors.flatMap((facts) => facts.granted.map((pair) => ({ facts, pair }))),
    ({ pair }) => pair.agentId,
  );
  return [...agents.values()].map(({ id, name, enabled, createdAt }) => {
    const theirs = uses.get(id) ?? [];
    const usable = theirs.filter(
      ({ facts }) => stateFor(facts.connector, credentialOf(facts, id), now).state === 'usable',
    );
    const { total, errors } = dayOf(callsOf.get(id) ?? [], hours);
    return {
      ...{ id, name, enabled, createdAt },
      connectors: { granted: theirs.length, usable: usable.length, needing: theirs.length - usable.length },
      tools: theirs.reduce((sum, { facts, pair }) => sum + (pair.all ? facts.tools : pair.tools), 0),
      keys: keysOf.get(id)?.count ?? 0,
      lastUsedAt: keysOf.get(id)?.lastUsedAt ?? null,
      lastCallAt: lastCallOf.get(id) ?? null,
      calls: { total, errors },
    };
  });
}

/** Starts of the last 24 hours, the one that runs included. */
function hoursOfDay(now: number): number[] {
  const last = hourOf(now);
  return Array.from({ length: HOURS }, (_, i) => last - (HOURS - 1 - i) * HOUR_MS);
}

function dayOf(rows: readonly CallsOfHour[], hours: readonly number[]): CallsOfDay {
  const byHour = new Map(rows.map((row) => [row.hour, row]));
  const calls = hours.map((hour) => byHour.get(hour)?.calls ?? 0);
  const errors = hours.map((hour) => byHour.get(hour)?.errors ?? 0);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return { total: sum(calls), errors: sum(errors), series: { calls, errors } };
}
