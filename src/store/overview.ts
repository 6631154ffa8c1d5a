// What whole pages are made of: the figures of the connectors or agents of one page by a handful of queries, and what
// wants attention, found by indexes that hold nothing else. Whatever is counted is counted up to a bound, and whatever
// is looked for is found up to one, so that no page reads a table.

import type { AgentRecord, ConnectorRecord, CredentialRecord, ToolRecord } from './records.ts';

/** A credential without its secret. */
export type CredentialFacts = Omit<CredentialRecord, 'sealed'>;

/** What one agent was granted of one connector: some tools, or all (then `tools` tells of single grants beside). */
export type GrantedPair = {
  readonly agentId: string;
  readonly connectorId: string;
  readonly tools: number;
  readonly all: boolean;
};

export type ConnectorFigures = {
  readonly connectorId: string;
  /** Active tools, and those of them whose change nobody approved yet. */
  readonly tools: number;
  readonly changedTools: number;
  /** Agents that were granted anything. */
  readonly granted: number;
  /** Active credentials that agents own, and those of them that do not serve at this moment. */
  readonly own: number;
  readonly broken: number;
};

export type CallsOfHour = {
  readonly id: string;
  readonly hour: number;
  readonly calls: number;
  readonly errors: number;
};

export type RowTold = {
  readonly id: string;
  readonly connectorId: string | null;
  readonly agentId: string | null;
  /** Of the audit log. */
  readonly action: string | null;
};

export type Owner = { readonly connectorId: string; readonly agentId: string };

type Ids = readonly string[];
type Many<T> = Promise<readonly T[]>;

export type OverviewStore = {
  connectors(ids: Ids): Many<ConnectorRecord>;
  agents(ids: Ids): Many<AgentRecord>;
  figures(connectorIds: Ids, now: number): Many<ConnectorFigures>;
  /** The credentials, active and pending, that all agents share. */
  shared(connectorIds: Ids): Many<CredentialFacts>;
  /** Active credentials of these agents at these connectors. */
  own(agentIds: Ids, connectorIds: Ids): Many<CredentialFacts>;
  /** For each connector a credential of an agent, one that does not serve where there is one. */
  samples(connectorIds: Ids, now: number): Many<CredentialFacts>;
  /** Active tools of these connectors, in their order, by no matter whom they were listed. */
  tools(connectorIds: Ids): Many<Omit<ToolRecord, 'listedBy'>>;
  granted(agentIds: Ids, connectorId?: string): Many<GrantedPair>;
  callsByHour(by: 'agentId' | 'connectorId', ids: Ids, fromHour: number): Many<CallsOfHour>;
  /** When each agent last called anything that is still in the log. */
  lastCalls(agentIds: Ids): Many<{ readonly agentId: string; readonly at: number }>;
  agentKeys(
    agentIds: Ids,
  ): Many<{ readonly agentId: string; readonly count: number; readonly lastUsedAt: number | null }>;
  /** Lines of the audit log and steps of transcripts from these ids on, and the newest call from that id on. */
  since(from: { readonly audit: string; readonly transcript: string; readonly call: string }): Promise<{
    readonly rows: readonly RowTold[];
    readonly lastCall: string | null;
  }>;

  /** Active credentials that a person must connect again or give more scope. */
  ended(limit: number): Many<CredentialFacts>;
  /** Active credentials that could not be renewed, and static ones that lead nowhere. */
  failing(limit: number): Many<CredentialFacts>;
  /** Active credentials that nobody can renew and that end before then, the first in front. */
  ending(before: number, limit: number): Many<CredentialFacts>;
  /** Connectors with a shared credential that have none. */
  neverConnected(limit: number): Many<ConnectorRecord>;
  /**
   * Agents that were granted something of a connector with a credential for each, and have none: looked for among
   * the newest `looked` grants; `complete` says whether that was all of them.
   */
  withoutCredential(
    looked: number,
    limit: number,
  ): Promise<{ readonly pairs: readonly Owner[]; readonly complete: boolean }>;
  unreachable(limit: number): Many<ConnectorRecord>;
  changed(limit: number): Many<ConnectorRecord>;
  /** Connectors with a credential of a registration whose client secret ends before then. */
  registrationsEnding(
    before: number,
    limit: number,
  ): Many<{ readonly connector: ConnectorRecord; readonly expiresAt: number }>;
};
