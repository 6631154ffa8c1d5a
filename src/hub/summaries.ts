// The rows of the lists of connectors and of agents: state, use and calls of the last day, computed for a page of
// them at once.

import { ChatelaineError } from '../errors.ts';
import type { ConnectorRecord, FaultRecord, Page, PageRequest } from '../store/records.ts';
import type { CallsOfHour } from '../store/store.ts';
import { type AgentConnectorState, stateFor } from './agent-view.ts';
import { HOUR_MS, hourOf } from './call-hours.ts';
import { overallState, readFacts } from './connector-facts.ts';
import type { HubContext } from './context.ts';
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

/** What is looked for: the name, the key or the address holds it, in whatever case. */
export type ListQuery = PageRequest & { readonly search?: string | undefined };

/** Connectors with their day; `hours` are the starts of the hours of the series. */
export async function connectorSummaries(
  context: HubContext,
  query: ListQuery,
): Promise<Page<ConnectorSummary> & { readonly hours: readonly number[] }> {
  const hours = hoursOfDay(context.now());
  const { items, nextCursor } = await context.store.connectors.list(query);
  return { items: await summariesOf(context, items, hours), nextCursor, hours };
}

/** The same of one. */
export async function connectorSummary(context: HubContext, connector: ConnectorRecord): Promise<ConnectorSummary> {
  const [one] = await summariesOf(context, [connector], hoursOfDay(context.now()));
  if (one === undefined) throw new ChatelaineError('internal_error', 'A connector could not be shown.');
  return one;
}

async function summariesOf(
  context: HubContext,
  connectors: readonly ConnectorRecord[],
  hours: readonly number[],
): Promise<readonly ConnectorSummary[]> {
  const now = context.now();
  const ids = connectors.map(({ id }) => id);
  const [all, calls] = await Promise.all([
    readFacts(context, connectors),
    context.store.overview.callsByHour('connectorId', ids, hours[0] ?? 0),
  ]);
  const callsOf = Map.groupBy(calls, ({ id }) => id);
  return all.map((facts): ConnectorSummary => {
    const { connector, figures, shared } = facts;
    const { state, reason } = overallState(facts, now);
    const { id, key, name, url, authType, credentialMode, createdAt } = connector;
    return {
      ...{ id, key, name, url: context.redactUrl(url), authType, credentialMode, createdAt },
      state,
      reason,
      action: mendFor(connector, state),
      reachable: connector.reachability?.reachable ?? null,
      tools: {
        count: figures.tools,
        syncedAt: connector.toolsSyncedAt,
        nextSyncAt: connector.syncDueAt,
        lastError: connector.toolsError,
        changesWaiting: figures.changedTools,
      },
      agents: { granted: figures.granted, connected: credentialMode === 'per_agent' ? figures.own : null },
      calls: dayOf(callsOf.get(id) ?? [], hours),
      expiresAt: shared?.expiresAt ?? null,
    };
  });
}

/** Agents with their day. */
export async function agentSummaries(context: HubContext, query: ListQuery): Promise<Page<AgentSummary>> {
  const now = context.now();
  const hours = hoursOfDay(now);
  const { agents: agentStore, overview, tools } = context.store;
  const { items: agents, nextCursor } = await agentStore.list(query);
  const ids = agents.map(({ id }) => id);
  const [granted, calls, lastCalls, keys] = await Promise.all([
    overview.granted(ids),
    overview.callsByHour('agentId', ids, hours[0] ?? 0),
    overview.lastCalls(ids),
    overview.agentKeys(ids),
  ]);
  const connectorIds = [...new Set(granted.map(({ connectorId }) => connectorId))];
  const whole = [...new Set(granted.filter(({ all }) => all).map(({ connectorId }) => connectorId))];
  const [connectors, shared, own, counts] = await Promise.all([
    overview.connectors(connectorIds),
    overview.shared(connectorIds),
    overview.own(ids, connectorIds),
    tools.counts(whole),
  ]);
  const connectorOf = new Map(connectors.map((connector) => [connector.id, connector]));
  const credentialOf = new Map(
    [...own, ...shared.filter(({ slot }) => slot === 'active')].map((each) => [
      `${each.agentId ?? ''} ${each.connectorId}`,
      each,
    ]),
  );
  const callsOf = Map.groupBy(calls, ({ id }) => id);
  const lastCallOf = new Map(lastCalls.map(({ agentId, at }) => [agentId, at]));
  const keysOf = new Map(keys.map((each) => [each.agentId, each]));
  const grantedOf = Map.groupBy(granted, ({ agentId }) => agentId);
  const items = agents.map(({ id, name, enabled, createdAt }) => {
    const theirs = (grantedOf.get(id) ?? []).filter(({ connectorId }) => connectorOf.has(connectorId));
    const usable = theirs.filter(({ connectorId }) => {
      const connector = connectorOf.get(connectorId) as ConnectorRecord;
      const owner = connector.credentialMode === 'per_agent' ? id : '';
      return stateFor(connector, credentialOf.get(`${owner} ${connectorId}`) ?? null, now).state === 'usable';
    });
    const { total, errors } = dayOf(callsOf.get(id) ?? [], hours);
    return {
      ...{ id, name, enabled, createdAt },
      connectors: { granted: theirs.length, usable: usable.length, needing: theirs.length - usable.length },
      tools: theirs.reduce((sum, pair) => sum + (pair.all ? (counts.get(pair.connectorId) ?? 0) : pair.tools), 0),
      keys: keysOf.get(id)?.count ?? 0,
      lastUsedAt: keysOf.get(id)?.lastUsedAt ?? null,
      lastCallAt: lastCallOf.get(id) ?? null,
      calls: { total, errors },
    };
  });
  return { items, nextCursor };
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
