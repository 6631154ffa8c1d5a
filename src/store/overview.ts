// What whole pages are made of: figures about everything at once, each by one query however many connectors and
// agents there are.

import type { CredentialRecord } from './records.ts';

/** A credential without its secret. */
export type CredentialFacts = Omit<CredentialRecord, 'sealed'>;

/** What one agent was granted of one connector: some tools, or all (then `tools` tells of single grants beside). */
export type GrantedPair = {
  readonly agentId: string;
  readonly connectorId: string;
  readonly tools: number;
  readonly all: boolean;
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

export type OverviewStore = {
  /** Active ones, of every owner. */
  credentials(): Promise<readonly CredentialFacts[]>;
  granted(): Promise<readonly GrantedPair[]>;
  /** Active tools whose change nobody approved yet. */
  changedTools(): Promise<readonly { readonly connectorId: string; readonly count: number }[]>;
  callsByHour(by: 'agentId' | 'connectorId', fromHour: number): Promise<readonly CallsOfHour[]>;
  /** When each agent last called anything that is still in the log. */
  lastCalls(): Promise<readonly { readonly agentId: string; readonly at: number }[]>;
  agentKeys(): Promise<
    readonly { readonly agentId: string; readonly count: number; readonly lastUsedAt: number | null }[]
  >;
  /** Registrations whose client secret ends before then. */
  expiringRegistrations(before: number): Promise<readonly { readonly issuer: string; readonly expiresAt: number }[]>;
  /** Lines of the audit log and steps of transcripts from these ids on, and the newest call from that id on. */
  since(from: { readonly audit: string; readonly transcript: string; readonly call: string }): Promise<{
    readonly rows: readonly RowTold[];
    readonly lastCall: string | null;
  }>;
};
